"""What mwviz costs; run by hand on a quiet machine, takes some minutes.

    python tests/bench.py [--runs 20] [start] [routes] [boundary] [help] [faults]

start     `mwviz show app:app` against `python -c "import app"`, pair by pair, on two apps of six middleware
routes    `mwviz routes app:app` against the import, pair by pair, on an app of 5,000 routes in included routers
help      wall time of `--help` and `--version`, and the heavy modules that they load
boundary  what the boundaries add to a request, per layer
faults    what each probe of `mwviz.faults` costs on a hello world app, by the number of its layers

Pairs are interleaved, the order within a pair is drawn by lot and the first pairs do not count, because a machine's
speed drifts by a third from minute to minute: ratios and minima can be trusted, single times cannot. Everything is
compiled first and PYTHONDONTWRITEBYTECODE is unset, or each import would be timed together with its compilation.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import mwviz
from mwviz.collect.probe.loops import running_loop
from mwviz.collect.stack.boundary import Boundary
from mwviz.collect.stack.recorder import Recorder

WARM_UP = 2
LAYERS = 6
BATCH = 20
HEAVY = ("fastapi", "starlette", "pydantic", "typer", "rich", "rich.console", "rich.table", "rich.markdown", "graphviz")

APP = """\
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware


class PureMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_on(message):
            await send(message)

        await self.app(scope, receive, send_on)


class FirstBase(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next):
        return await call_next(request)


class SecondBase(FirstBase):
    pass


app = FastAPI()
app.add_middleware(GZipMiddleware, minimum_size=500)
app.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*"])
app.add_middleware(PureMiddleware)
app.add_middleware(FirstBase)
app.add_middleware(SecondBase)


@app.get("/")
async def home():
    return {"message": "Hello World"}
"""

ROUTES = """

for number in range(30):
    model = type(f"Item{number}", (BaseModel,), {"__annotations__": {"name": str, "price": float, "tags": list[str]}})
    for kind in range(10):

        def handler(number: int, item: model):
            return item

        app.post(f"/{number}/{kind}/{{number}}", response_model=model)(handler)
"""


MANY_ROUTES = """

from fastapi import APIRouter, Depends


def get_db():
    yield {}


def current_user(db=Depends(get_db)):
    return "somebody"


for number in range(100):
    router = APIRouter(prefix=f"/part{number}", dependencies=[Depends(current_user)] if number % 2 else [])
    for kind in range(50):

        def page(item: int, query: str = "", db=Depends(get_db)):
            return {}

        router.get(f"/{kind}/{{item}}")(page)
    app.include_router(router, prefix="/api")
"""


def compiled() -> None:
    """Compile the standard library's users once: what is imported below is bytecode already."""
    for package in {Path(mwviz.__file__).parent, *(Path(entry) for entry in sys.path if "site-packages" in entry)}:
        compileall.compile_dir(package, quiet=2, workers=0)


def quiet_environment(**more: str) -> dict[str, str]:
    """Return the environment of the timed processes; mwviz is imported from where this script has it from."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPATH": str(Path(mwviz.__file__).parent.parent), "COLUMNS": "80"} | more


def timed(command: Sequence[str], cwd: Path) -> float:
    """Run `command` in `cwd` and return its wall time in seconds. Raises CalledProcessError if it fails."""
    environment = quiet_environment()
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def pairs(base: Callable[[], float], other: Callable[[], float], runs: int) -> list[tuple[float, float]]:
    """Return `runs` pairs of times, each pair taken together and in an order of its own."""
    found = []
    for _ in range(WARM_UP + runs):
        first = random.random() < 0.5
        early = (base if first else other)()
        late = (other if first else base)()
        found.append((early, late) if first else (late, early))
    return found[WARM_UP:]


def report_pairs(name: str, found: list[tuple[float, float]]) -> None:
    """Print the median ratio of the pairs with its quartiles, and the ratio of the two minima."""
    low, middle, high = statistics.quantiles([other / base for base, other in found], n=4)
    bases, others = [base for base, _ in found], [other for _, other in found]
    print(
        f"{name:<28} {middle:5.2f} [{low:.2f}-{high:.2f}]   min/min {min(others) / min(bases):5.2f}"
        f"   {statistics.median(bases) * 1e3:6.0f} ms -> {statistics.median(others) * 1e3:6.0f} ms"
        f"   (min {min(bases) * 1e3:.0f} -> {min(others) * 1e3:.0f})"
    )


def start(runs: int) -> None:
    """(a) What `mwviz show` costs beside the import of the app alone."""
    print("mwviz show app:app / python -c 'import app'   (bound: 1.10 on the small app, less on the large)")
    for name, source in (("6 middleware, 1 route", APP), ("6 middleware, 300 routes", APP + ROUTES)):
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder)
            (where / "app.py").write_text(source)
            compileall.compile_file(where / "app.py", quiet=2)
            base = [sys.executable, "-c", "import app"]
            # what an installed console script does, and `python -m` with its own imports does not
            show = [sys.executable, "-c", "from mwviz.__main__ import main; main()", "show", "app:app"]
            report_pairs(name, pairs(partial(timed, base, where), partial(timed, show, where), runs))


def routes(runs: int) -> None:
    """(d) What `mwviz routes` costs beside the import of the app alone."""
    print("mwviz routes app:app / python -c 'import app'   (bound: 2.00)")
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        (where / "app.py").write_text(APP + MANY_ROUTES)
        compileall.compile_file(where / "app.py", quiet=2)
        base = [sys.executable, "-c", "import app"]
        for options in ([], ["--without", "current_user"], ["-f", "json"]):
            command = [sys.executable, "-c", "from mwviz.__main__ import main; main()", "routes", "app:app", *options]
            name = " ".join(["5,005 routes", *options])
            report_pairs(name, pairs(partial(timed, base, where), partial(timed, command, where), runs))


def helps(runs: int) -> None:
    """(c) What `--help` and `--version` take, and which of the heavy modules they load."""
    print("the ways that need no app, beside python -c pass")
    nothing = [sys.executable, "-c", "pass"]
    for option in ("--version", "--help"):
        command = [sys.executable, "-m", "mwviz", option]
        report_pairs(option, pairs(partial(timed, nothing, Path.cwd()), partial(timed, command, Path.cwd()), runs))
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *command[1:]],
            env=quiet_environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        loaded = {
            line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")
        }
        print(
            f"  loads {len(loaded)} modules, of the heavy ones: {', '.join(m for m in HEAVY if m in loaded) or 'none'}"
        )


class SendWrapping:
    """A pure ASGI layer as most are: it looks at every message that goes out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def send_on(message: Message) -> None:
            await send(message)

        await self.app(scope, receive, send_on)


class PassThrough(SendWrapping):
    """A pure ASGI layer that hands the same `receive` and `send` on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        await self.app(scope, receive, send)


class Base(BaseHTTPMiddleware):
    """A layer that runs what lies inside it in a task of its own."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Pass everything on."""
        return await call_next(request)


async def respond(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 200 without a look at the body, as a handler of a GET does; the innermost app of the stacks below."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def stacked(layer: Callable[[ASGIApp], ASGIApp], recorder: Recorder | None) -> ASGIApp:
    """Return `LAYERS` layers around `respond`, with a boundary outside each and outside the endpoint if one records."""
    app: ASGIApp = respond
    for rank in range(LAYERS, -1, -1):
        app = app if recorder is None else Boundary(app, recorder, rank)
        app = layer(app) if rank else app
    return app


async def requested(app: ASGIApp, recorder: Recorder) -> float:
    """Send `app` a batch of requests and return the time of the quickest in µs."""

    async def send(message: Message) -> None:
        pass

    gc.collect()
    least = sys.maxsize
    for _ in range(BATCH):
        incoming = asyncio.Queue[Message]()
        incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        scope: dict[str, object] = {
            "type": "http",
            "asgi": recorder.mark,
            "http_version": "1.1",
            "method": "GET",
            "path": "/",
        }
        scope |= {"raw_path": b"/", "query_string": b"", "root_path": "", "headers": [(b"host", b"testserver")]}
        recorder.notes.clear()
        begin = time.perf_counter_ns()
        await app(scope, incoming.get, send)
        least = min(least, time.perf_counter_ns() - begin)
    return least / 1e3


async def batches(layer: Callable[[ASGIApp], ASGIApp], rounds: int) -> tuple[float, float]:
    """Return the least time of a request in µs, without boundaries and with them, from batches in turn."""
    recorder = Recorder()
    recorder.current_task = running_loop().task
    gc.disable()
    plain, traced = stacked(layer, None), stacked(layer, recorder)
    times = [(await requested(plain, recorder), await requested(traced, recorder)) for _ in range(rounds)]
    return min(time for time, _ in times), min(time for _, time in times)


def boundary(runs: int) -> None:
    """(b) What a boundary adds to a request."""
    print(f"boundaries around {LAYERS} layers and the endpoint: time of a request in µs, least of {runs * 20 * BATCH}")
    for layer, bound in ((SendWrapping, 3), (PassThrough, 3), (Base, 4)):
        plain, traced = asyncio.run(batches(layer, runs * 20))
        each = (traced - plain) / (LAYERS + 1)
        print(f"{layer.__name__:<28} {plain:7.1f} -> {traced:7.1f}   {each:5.2f} a boundary   (bound: {bound})")


async def hello() -> dict[str, str]:
    """Return what everybody's first handler does."""
    return {"message": "Hello World"}


def faults(runs: int) -> None:
    """(e) What a probe of the fault matrix costs, all of its own included, and how that grows with the layers."""
    print(f"mwviz.faults on a hello world: time in all by the number of probes, least of {runs}   (bound: 1 ms each)")
    for layers in (4, 8, 16, 32):
        app = FastAPI()
        for _ in range(layers):
            app.add_middleware(SendWrapping)
        app.get("/")(hello)
        times, probes = [], 0
        for _ in range(runs):
            begin = time.perf_counter()
            found = mwviz.faults(app)
            times.append(time.perf_counter() - begin)
            # one per row that was tried, the normal request before and after, and one with an Origin
            probes = sum(row.note is None or row.reached for row in found.rows) + 3
        name = f"{layers} layers, {probes} probes"
        print(f"{name:<28} {min(times) * 1e3:7.1f} ms   {min(times) * 1e3 / probes:5.2f} ms a probe")


PARTS: dict[str, Callable[[int], None]] = {
    "start": start, "routes": routes, "boundary": boundary, "help": helps, "faults": faults,
}  # fmt: skip


def main() -> None:
    """Print the parts that were asked for, by default all."""
    parser = argparse.ArgumentParser(description="What mwviz costs.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: all")
    parser.add_argument("--runs", type=int, default=20, help="pairs that count (default 20)")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    compiled()
    for name in chosen.parts or PARTS:
        PARTS[name](chosen.runs)
        print()


if __name__ == "__main__":
    main()
