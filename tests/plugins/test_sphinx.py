"""The directive of Sphinx, in sites that are built with warnings as errors."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import LAYERED
from tests.plugins.conftest import HOSTILE, SITES, Run

pytest.importorskip("sphinx")
pytest.importorskip("fastapi")

CONF = 'extensions = ["mwviz.plugins.sphinx"]\nproject = "Test"\nhtml_theme = "basic"\n'
STRICT = ("sphinx", "-W", "--keep-going", "-q")


def site(folder: Path, **files: str) -> Path:
    (folder / "src").mkdir()
    for name, text in {"conf.py": CONF, **files}.items():
        (folder / "src" / name).write_text(text, "utf-8")
    return folder / "src"


def built(run: Run, source: Path, *options: str, builder: str = "html") -> str:
    out = source.parent / "out"
    done = run(
        *STRICT, "-b", builder, *options, str(source), str(out), "-d", str(source.parent / "trees"), folder=source
    )
    assert done.returncode == 0, done.stderr + done.stdout
    ending = {"html": "html", "text": "txt", "latex": "tex", "man": "1"}[builder]
    name = "test.tex" if builder == "latex" else "test.1" if builder == "man" else f"index.{ending}"
    return (out / name).read_text("utf-8")


def failed(run: Run, source: Path) -> str:
    out = source.parent / "out"
    done = run(*STRICT, "-b", "html", str(source), str(out), "-d", str(source.parent / "trees"), folder=source)
    assert done.returncode == 1
    return done.stderr


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.mark.parametrize("builder", ["html", "text", "man", "latex", "singlehtml", "pseudoxml"])
def test_the_sample_site_is_built_without_a_warning(run: Run, sample: Path, builder: str) -> None:
    out = sample / builder
    done = run(*STRICT, "-b", builder, str(SITES / "sphinx"), str(out), "-d", str(sample / "trees"), folder=sample)

    assert done.returncode == 0, done.stderr + done.stdout
    name = {"man": "shop.1", "latex": "shop.tex", "text": "index.txt", "pseudoxml": "index.pseudoxml"}
    made = (out / name.get(builder, "index.html")).read_text("utf-8")
    assert "MiddlewareB" in made
    assert "a block of" in made
    if builder.endswith("html") and "<svg" in made:
        assert made.count('<div class="mwviz"><svg') == 2
        assert 'role="img" aria-label="The middleware of samples/tutorial.py, outermost first: Middleware' in made
        assert 'role="img" aria-label="Five routes, one chain"' in made
        assert re.search(r'<figure class="[^"]*mwviz-figure[^"]*" id="every-request">', made)
        svgs = re.findall(r"<svg.*?</svg>", made, re.DOTALL)
        assert not [each for each in svgs if re.search(r"\sid=|<script|href=|url\(", each)]
    if builder == "latex":
        assert made.isascii()


def test_a_page_is_built_again_when_its_app_changes_and_only_then(run: Run, tmp_path: Path) -> None:
    source = site(tmp_path, **{"index.rst": "T\n=\n\n.. mwviz:: main:app\n   :format: tree\n", "main.py": LAYERED})
    first = built(run, source)
    page = tmp_path / "out" / "index.html"
    stamp = page.stat().st_mtime_ns

    assert built(run, source) == first
    assert page.stat().st_mtime_ns == stamp
    (source / "main.py").write_text(LAYERED.replace("Inner", "Renamed"), "utf-8")
    os.utime(source / "main.py", (2_000_000_000, 2_000_000_000))

    assert "Inner" in first
    assert "Renamed" in built(run, source)


def test_a_page_is_built_again_when_the_configuration_changes(run: Run, tmp_path: Path) -> None:
    source = site(tmp_path, **{"index.rst": "T\n=\n\n.. mwviz::\n   :format: tree\n", "main.py": LAYERED})
    (source / "other.py").write_text(LAYERED.replace("Inner", "Renamed"), "utf-8")
    (source / "mwviz.toml").write_text('app = "main:app"\n', "utf-8")
    first = built(run, source)

    (source / "mwviz.toml").write_text('app = "other:app"\n', "utf-8")
    os.utime(source / "mwviz.toml", (2_000_000_000, 2_000_000_000))

    assert "Renamed" not in first
    assert "Renamed" in built(run, source)


def test_an_error_names_file_and_line_until_it_is_mended(run: Run, tmp_path: Path) -> None:
    source = site(tmp_path, **{"index.rst": "T\n=\n\ntext\n\n.. mwviz:: main:app\n   :format: tree\n"})
    (source / "main.py").write_text("def fail():\n    raise RuntimeError('no database')\n\n\nfail()\n", "utf-8")

    first, second = failed(run, source), failed(run, source)

    assert f"{source / 'index.rst'}:6: ERROR: 'main' raised RuntimeError: no database while it was imported." in first
    assert "in fail" in first
    assert ":6: ERROR: 'main' raised" in second
    (source / "main.py").write_text(LAYERED, "utf-8")
    assert "Inner" in built(run, source)


MISTAKES = {
    ".. mwviz:: main:ap": "'main' has no attribute 'ap'. Did you mean 'main:app'?",
    ".. mwviz:: main:app\n   :format: mermaid": '"mermaid" unknown; choose from "svg", "table", "tree", or "timeline"',
    ".. mwviz:: main:app\n   :timeout: soon": "--timeout is a number, not 'soon'.",
    ".. mwviz:: main:app\n   :repeat: 3": "--repeat measures times, and a block shows none",
    ".. mwviz:: main:app\n   :layer: A": "There is no option --layer in a block of show",
    ".. mwviz:: main:app\n   :methd: A": 'unknown option: "methd"',
}


def test_every_mistake_is_told(run: Run, tmp_path: Path) -> None:
    text = "T\n=\n\n" + "\n\n".join(MISTAKES)
    source = site(tmp_path, **{"index.rst": f"{text}\n", "main.py": LAYERED})

    said = failed(run, source)

    assert [message for message in MISTAKES.values() if message not in said] == []


def test_pages_are_read_at_once(run: Run, tmp_path: Path) -> None:
    names = [f"page{number}" for number in range(6)]
    pages = {f"{name}.rst": f"{name}\n=====\n\n.. mwviz:: main:app\n   :format: table\n" for name in names}
    index = "T\n=\n\n.. toctree::\n\n" + "".join(f"   {name}\n" for name in names)
    source = site(tmp_path, **{"index.rst": index, "main.py": LAYERED, **pages})

    built(run, source, "-j", "2")

    assert all("ServerErrorMiddleware" in (tmp_path / "out" / f"{name}.html").read_text("utf-8") for name in names)


def test_hostile_names_stay_text(run: Run, tmp_path: Path) -> None:
    shown = "".join(f".. mwviz:: main:app\n   :format: {each}\n\n" for each in ("table", "tree", "timeline"))
    source = site(tmp_path, **{"index.rst": f"T\n=\n\n.. mwviz:: main:app\n\n{shown}", "main.py": HOSTILE})

    made = built(run, source)

    assert "<script>alert" not in made
    assert "<b>bold" not in made
    assert "<i>" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made


def test_commands_run_where_the_setting_says(run: Run, tmp_path: Path) -> None:
    index = "T\n=\n\n.. mwviz:: main:create\n   :factory:\n   :format: table\n   :method: POST\n   :header: a: b\n"
    source = site(tmp_path, **{"index.rst": index, "conf.py": f'{CONF}mwviz_directory = "../app"\n'})
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text(f"{LAYERED}\n\ndef create():\n    return app\n", "utf-8")

    made = built(run, source, builder="text")

    assert "POST / → 200 OK" in made
    assert "main.py:17" in made


def test_blocks_of_hostile_apps_are_sound_restructuredtext(run: Run, tmp_path: Path) -> None:
    blocks = "".join(
        f"* x\n\n  .. mwviz: show main:app -f {each}\n  .. /mwviz\n\n" for each in ("table", "tree", "timeline")
    )
    source = site(tmp_path, **{"index.rst": f"T\n=\n\n{blocks}the end\n", "main.py": HOSTILE})
    done = run("mwviz", "docs", "index.rst", folder=source)
    assert done.returncode == 0, done.stderr

    made = built(run, source)

    assert made.count('<div class="highlight-text') == 3
    assert "<p>the end</p>" in made
    assert "<b>bold" not in made
