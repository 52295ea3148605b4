"""The applications that `real_apps.py` runs: pinned, dated, and with the least setup that lets them be imported."""

from __future__ import annotations

from dataclasses import dataclass

NOW = "2026-11-22"


@dataclass(frozen=True)
class RealApp:
    """An application from PyPI: the first requirement is the application itself, pinned.

    `before` is the day (ISO date) after which no upload is considered, so that an old release meets the frameworks of
    its time. `target` and `factory` are what mwviz is given; `inner` is the attribute path from there to the object
    with `user_middleware`, for the observer only. `environment` and `files` (name, text) are set
    in a scratch directory.
    """

    name: str
    requirements: tuple[str, ...]
    python: str
    before: str
    target: str
    factory: bool = False
    inner: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def distribution(self) -> str:
        """The application's name on PyPI."""
        return self.requirements[0].partition("==")[0].partition("[")[0]


# lnbits mounts its static files relative to the working directory.
LNBITS = """\
import os, pathlib, lnbits
os.environ["LNBITS_DATA_FOLDER"] = os.path.abspath("data")
os.makedirs("data", exist_ok=True)
os.chdir(pathlib.Path(lnbits.__file__).parent.parent)
from lnbits.app import create_app
"""

ORCHESTRATOR_OLD = """\
from orchestrator import OrchestratorCore
from orchestrator.settings import AppSettings
app = OrchestratorCore(base_settings=AppSettings())
"""

ORCHESTRATOR = """\
from orchestrator.core import OrchestratorCore
from orchestrator.core.settings import AppSettings
app = OrchestratorCore(base_settings=AppSettings())
"""

QUETZ = """\
[github]
client_id = "x"
client_secret = "x"
[sqlalchemy]
database_url = "sqlite:///./quetz.sqlite"
[session]
secret = "b72376b88e6f249cb0921052ea8a092381ca17fd8bb0caf4d847e337b3d34cf8"
https_only = false
[cors]
allow_origins = ["*"]
"""

TILED = """\
trees:
  - path: /
    tree: tiled.examples.generated_minimal:tree
authentication:
  allow_anonymous_access: true
"""

TILED_EMPTY = TILED.replace("tiled.examples.generated_minimal:tree", "empty:tree")

MARIMO = """\
from marimo._server.main import create_starlette_app

def build():
    return create_starlette_app(base_url="", enable_auth=True)
"""

STREAMLIT = """\
from streamlit.starlette import App
app = App("page.py")
app._starlette_app = app._build_starlette_app()
"""

GRADIO = """\
import gradio
with gradio.Blocks() as blocks:
    gradio.Textbox()
app = gradio.routes.App.create_app(blocks)
"""

NICEGUI = """\
from fastapi import FastAPI
from nicegui import app, ui
ui.run_with(FastAPI(), storage_secret="x")
"""

BENTOML_OLD = """\
import bentoml
app = bentoml.Service("hello", runners=[]).asgi_app
"""

BENTOML = """\
import bentoml

@bentoml.service(http={"cors": {"enabled": True, "access_control_allow_origins": ["*"]}}, metrics={"enabled": True})
class Hello:
    @bentoml.api
    def hi(self, name: str) -> str:
        return name

app = Hello.to_asgi()
"""

PHOENIX = """\
from phoenix.db.engines import create_engine
from phoenix.server.app import DbSessionFactory, _db, create_app

def build():
    engine = create_engine("sqlite:///:memory:", migrate=False)
    return create_app(DbSessionFactory(db=_db(engine), dialect=engine.dialect.name), False, serve_ui=False)
"""

AIM = """\
from aim import Repo
Repo.from_path(".", init=True)
from aim.web.run import app
"""

KEDRO_VIZ = """\
from kedro_viz.api.apps import create_api_app_from_file

def build():
    return create_api_app_from_file("data.json")
"""

ADK = """\
from google.adk.cli.fast_api import get_fast_api_app
app = get_fast_api_app(agents_dir=".", web=False, allow_origins=["*"])
"""

FIEF = (
    ("SECRET", "x" * 40),
    ("ENCRYPTION_KEY", "1mEUTuPwy3OBV2U1fS6YqfR9Qy3mGDkLBGPLzJd1lDE="),
    ("FIEF_CLIENT_ID", "x"),
    ("FIEF_CLIENT_SECRET", "x"),
    ("DATABASE_TYPE", "SQLITE"),
    ("DATABASE_NAME", "fief.db"),
)

STAC_OLD = (
    ("POSTGRES_USER", "u"),
    ("POSTGRES_PASS", "p"),
    ("POSTGRES_HOST_READER", "h"),
    ("POSTGRES_HOST_WRITER", "h"),
    ("POSTGRES_PORT", "5432"),
    ("POSTGRES_DBNAME", "d"),
)

STAC = (("PGUSER", "u"), ("PGPASSWORD", "p"), ("PGHOST", "h"), ("PGPORT", "5432"), ("PGDATABASE", "d"))

LANGGRAPH = (
    ("DATABASE_URI", ":memory:"),
    ("REDIS_URI", "fake"),
    ("LANGGRAPH_RUNTIME_EDITION", "inmem"),
    ("LANGSERVE_GRAPHS", "{}"),
)

MCP_GATEWAY = (
    ("JWT_SECRET_KEY", "kZ3vQ9xT7mB1cR5wY8nL2pF6hJ4dG0sA"),
    ("AUTH_ENCRYPTION_SECRET", "aT8wE2rY6uI1oP5sD9fG3hJ7kL4zX0cV"),
    ("PLATFORM_ADMIN_PASSWORD", "pL7!mK4@nJ9#bH2$"),
    ("DEFAULT_USER_PASSWORD", "qW5!eR8@tY1#uI6$"),
    ("BASIC_AUTH_PASSWORD", "zX3!cV7@bN0#mK5$"),
)

APPS = (
    # FastAPI 0.63 to 0.89, Starlette 0.13 to 0.22: the stack is built in the constructor
    RealApp("rubrix-2021", ("rubrix[server]==0.4.1",), "3.10", "2021-10-01", "rubrix.server.server:app"),
    RealApp(
        "optimade-2021",
        ("optimade[server]==0.16.1", "setuptools<70"),
        "3.10",
        "2021-09-01",
        "optimade.server.main:app",
        environment=(("OPTIMADE_INSERT_TEST_DATA", "false"),),
    ),
    RealApp("opal-2022", ("opal-server==0.1.21",), "3.10", "2022-06-01", "opal_server.main:app"),
    RealApp(
        "kedro-viz-2022",
        ("kedro-viz==5.0.1", "setuptools<70"),
        "3.10",
        "2022-09-01",
        "served:build",
        factory=True,
        files=(("served.py", KEDRO_VIZ), ("data.json", "{}")),
    ),
    RealApp("aim-2022", ("aim==3.11.1",), "3.10", "2022-07-01", "served:app", files=(("served.py", AIM),)),
    RealApp(
        "piccolo-admin-2021",
        ("piccolo_admin==0.16.0", "piccolo[sqlite]"),
        "3.10",
        "2021-10-01",
        "piccolo_admin.example:APP",
        inner="app.app",
    ),
    RealApp(
        "orchestrator-2022",
        ("orchestrator-core==0.3.2", "setuptools<70"),
        "3.10",
        "2022-02-01",
        "main:app",
        files=(("main.py", ORCHESTRATOR_OLD),),
    ),
    RealApp(
        "quetz-2022",
        ("quetz-server==0.4.4",),
        "3.10",
        "2022-09-01",
        "quetz.main:app",
        environment=(("QUETZ_CONFIG_FILE", "config.toml"),),
        files=(("config.toml", QUETZ),),
    ),
    RealApp(
        "gradio-2022", ("gradio==3.2", "setuptools<70"), "3.10", "2022-09-01", "demo:app", files=(("demo.py", GRADIO),)
    ),
    RealApp(
        "lnbits-2023",
        ("lnbits==0.10.3.dev1",),
        "3.10",
        "2023-06-01",
        "served:create_app",
        files=(("served.py", LNBITS),),
    ),
    RealApp(
        "titiler-pgstac-2022",
        ("titiler.pgstac==0.1.0", "psycopg[binary,pool]"),
        "3.10",
        "2022-10-01",
        "titiler.pgstac.main:app",
        environment=STAC_OLD,
    ),
    RealApp(
        "stac-fastapi-2022",
        ("stac-fastapi.pgstac==2.4.2",),
        "3.10",
        "2022-12-01",
        "stac_fastapi.pgstac.app:app",
        environment=STAC_OLD,
    ),
    RealApp(
        "bentoml-2022",
        ("bentoml==1.0.10",),
        "3.10",
        "2022-12-01",
        "service:app",
        files=(("service.py", BENTOML_OLD), ("bentoml/prometheus_multiproc_dir/made-by-serve", "")),
    ),
    RealApp(
        "prefect-2022", ("prefect==2.7.0",), "3.10", "2022-12-05", "prefect.orion.api.server:create_app", factory=True
    ),
    RealApp("titiler-2022", ("titiler.application==0.8.1",), "3.10", "2022-12-01", "titiler.application.main:app"),
    RealApp("fides-2023", ("ethyca-fides==2.14.0",), "3.10", "2023-06-01", "fides.api.main:app"),
    # FastAPI 0.95 to 0.116, Starlette 0.27 to 0.48
    RealApp(
        "chromadb-2023",
        ("chromadb==0.3.26", "fastapi==0.85.1", "setuptools<70"),
        "3.10",
        "2023-07-01",
        "chromadb.app:app",
    ),
    RealApp("fief-2023", ("fief-server==0.27.0",), "3.11", "2023-11-01", "fief.apps:auth_app", environment=FIEF),
    RealApp(
        "tiled-2023",
        ("tiled[minimal-server]==0.1.0a105", "setuptools<70"),
        "3.10",
        "2023-10-01",
        "tiled.server.app:app_factory",
        factory=True,
        environment=(("TILED_CONFIG", "config.yml"),),
        files=(
            ("config.yml", TILED_EMPTY),
            ("empty.py", "from tiled.adapters.mapping import MapAdapter\ntree = MapAdapter({})\n"),
        ),
    ),
    RealApp(
        "zenml-2024",
        ("zenml[server]==0.55.2", "setuptools<70"),
        "3.11",
        "2024-02-20",
        "zenml.zen_server.zen_server_api:app",
    ),
    RealApp("dstack-2024", ("dstack[server]==0.18.4",), "3.11", "2024-07-01", "dstack._internal.server.main:app"),
    RealApp(
        "prefect-2025", ("prefect==3.4.14",), "3.12", "2025-08-25", "prefect.server.api.server:create_app", factory=True
    ),
    RealApp(
        "lnbits", ("lnbits==1.6.2", "bitstring<4.4"), "3.12", NOW, "served:create_app", files=(("served.py", LNBITS),)
    ),
    # FastAPI 0.136 to 0.165, Starlette 1
    RealApp("tipg", ("tipg==1.6.1",), "3.13", NOW, "tipg.main:app"),
    RealApp("titiler", ("titiler.application==2.4.0",), "3.12", NOW, "titiler.application.main:app"),
    RealApp("optimade", ("optimade[server]==1.5.0",), "3.12", NOW, "optimade.server.main:app"),
    RealApp(
        "stac-fastapi",
        ("stac-fastapi.pgstac[server]==7.2.0",),
        "3.12",
        NOW,
        "stac_fastapi.pgstac.app:create_app",
        factory=True,
        environment=STAC,
    ),
    RealApp(
        "tiled",
        ("tiled[server]==0.2.20",),
        "3.12",
        NOW,
        "tiled.server.app:app",
        environment=(("TILED_CONFIG", "config.yml"),),
        files=(("config.yml", TILED),),
    ),
    RealApp("orchestrator", ("orchestrator-core==5.5.0",), "3.13", NOW, "main:app", files=(("main.py", ORCHESTRATOR),)),
    RealApp("skypilot", ("skypilot[server]==0.14.1",), "3.11", NOW, "sky.server.server:app"),
    RealApp("zenml", ("zenml[server]==0.98.0",), "3.12", NOW, "zenml.zen_server.zen_server_api:app"),
    RealApp("litellm", ("litellm[proxy]==1.106.2",), "3.12", NOW, "litellm.proxy.proxy_server:app"),
    RealApp("recce", ("recce==1.69.1",), "3.11", NOW, "recce.server:app"),
    RealApp("airflow", ("apache-airflow-core==3.3.2",), "3.12", NOW, "airflow.api_fastapi.main:app"),
    RealApp(
        "langgraph-api",
        ("langgraph-api==0.16.7", "langgraph-runtime-inmem==0.36.7"),
        "3.12",
        NOW,
        "langgraph_api.server:app",
        environment=LANGGRAPH,
    ),
    RealApp(
        "mcp-gateway",
        ("mcp-contextforge-gateway==1.1.0",),
        "3.12",
        NOW,
        "mcpgateway.main:app",
        environment=MCP_GATEWAY,
    ),
    RealApp("mlflow", ("mlflow==3.17.2",), "3.12", NOW, "mlflow.server.fastapi_app:app"),
    RealApp(
        "phoenix",
        ("arize-phoenix==20.26.1",),
        "3.12",
        NOW,
        "served:build",
        factory=True,
        files=(("served.py", PHOENIX),),
    ),
    RealApp("google-adk", ("google-adk==2.13.0",), "3.12", NOW, "served:app", files=(("served.py", ADK),)),
    RealApp("marimo", ("marimo==0.25.2",), "3.13", NOW, "served:build", factory=True, files=(("served.py", MARIMO),)),
    RealApp(
        "streamlit",
        ("streamlit==1.67.0",),
        "3.13",
        NOW,
        "served:app",
        inner="_starlette_app",
        files=(("served.py", STREAMLIT), ("page.py", "import streamlit\n")),
    ),
    RealApp("bentoml", ("bentoml==1.4.39",), "3.12", NOW, "service:app", files=(("service.py", BENTOML),)),
    RealApp("nicegui", ("nicegui==3.18.0",), "3.12", NOW, "served:app", files=(("served.py", NICEGUI),)),
    RealApp("gradio", ("gradio==6.31.0",), "3.12", NOW, "demo:app", files=(("demo.py", GRADIO),)),
    RealApp("chainlit", ("chainlit==2.12.0",), "3.12", NOW, "chainlit.server:app"),
    RealApp("eodag", ("eodag[server]==3.10.2",), "3.11", NOW, "eodag.rest.server:app"),
    RealApp("hayhooks", ("hayhooks==2.1.0",), "3.12", NOW, "hayhooks.server.app:create_app", factory=True),
    RealApp(
        "fastmcp",
        ("fastmcp==4.1.2",),
        "3.13",
        NOW,
        "served:app",
        files=(("served.py", "from fastmcp import FastMCP\napp = FastMCP('demo').http_app()\n"),),
    ),
)
