"""The fence of MkDocs, Material and Zensical, in sites that are built strictly, and the Markdown extension alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mwviz.errors import BlockError
from tests.cli.conftest import LAYERED
from tests.plugins.conftest import HOSTILE, ROOT, SITES, Run

markdown = pytest.importorskip("markdown")
pytest.importorskip("fastapi")


def converted(folder: Path, text: str, app: str = LAYERED, extensions: tuple[str, ...] = ("fenced_code",)) -> str:
    (folder / "main.py").write_text(app, "utf-8")
    settings: dict[str, Any] = {"mwviz.plugins.markdown": {"directory": str(folder)}}
    names = ["mwviz.plugins.markdown", "tables", *extensions]
    return str(markdown.markdown(text, extensions=names, extension_configs=settings))


@pytest.mark.parametrize("name", ["plain", "material", "zensical"])
def test_the_sample_sites_are_built_strictly(run: Run, tmp_path: Path, name: str) -> None:
    pytest.importorskip({"plain": "mkdocs"}.get(name, name))
    site = tmp_path / "tests" / "plugins" / "sites" / "markdown"  # Zensical writes beside its configuration
    shutil.copytree(SITES / "markdown", site)
    shutil.copytree(ROOT / "samples", tmp_path / "samples", ignore=shutil.ignore_patterns("__pycache__"))
    program = ("zensical", "build") if name == "zensical" else ("mkdocs", "build", "-d", "site")

    done = run(*program, "--strict", "-f", f"{name}.yml", folder=site)

    assert done.returncode == 0, done.stderr + done.stdout
    page = (site / "site" / "index.html").read_text("utf-8")
    body = page[page.index("The shop</h1>") :]
    assert re.search(r'<li>\s*<p>In a list:</p>\s*<pre class="mwviz"><code>samples/tutorial.py', body)
    assert "<strong>5 routes pass nothing else</strong>" in body
    assert "<td>swagger_ui_html</td>" in body
    assert "mount /admin" in body
    assert "this:is -f code" in re.sub(r"<[^>]+>", "", body)
    if 'class="mwviz"><svg' in body:
        assert 'role="img" aria-label="The middleware of samples/tutorial.py, outermost first: Middleware' in body


def test_a_failing_fence_ends_the_build_with_page_and_line(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: T\nplugins: [mwviz]\n", "utf-8")
    (tmp_path / "main.py").write_text("def fail():\n    raise RuntimeError('no database')\n\n\nfail()\n", "utf-8")
    page = "---\ntitle: T\n---\n\n```text\nx\n```\n\n```mwviz\nshow main:app\n```\n"
    (tmp_path / "docs" / "index.md").write_text(page, "utf-8")

    done = run("mkdocs", "build", folder=tmp_path)

    assert done.returncode == 1
    assert "index.md:9: `show main:app`: 'main' raised RuntimeError: no database while it was imported." in done.stderr
    assert "in fail" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_looked_at_without_a_fence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", pytest.fail)

    assert "<p>text</p>" in converted(tmp_path, "text\n\n````\n```mwviz\nshow main:app\n```\n````\n")


def test_a_fence_in_indented_code_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", pytest.fail)

    made = converted(
        tmp_path,
        "Write:\n\n    ```mwviz\n    show a:b\n    ```\n\n- in a list\n\n        ```mwviz\n        x\n        ```\n",
    )

    assert made.count("```mwviz") == 2


@pytest.mark.parametrize(
    "holder", ["- item", "1. one\n\n    - two", "!!! note", '=== "Tab"\n\n    !!! note', "[^1]: x", "term\n: it"]
)
def test_a_fence_stands_in_whatever_holds_others(tmp_path: Path, holder: str) -> None:
    indent = "    " * (2 if "    " in holder else 1)

    made = converted(
        tmp_path,
        f"{holder}\n\n{indent}```mwviz\n{indent}show main:app -f tree\n{indent}```\n",
        extensions=("admonition", "footnotes", "def_list"),
    )

    assert "↓ 1  ╭ ServerErrorMiddleware" in made


@pytest.mark.parametrize("opening", ["```mwviz", "``` mwviz", "~~~mwviz", "````{.mwviz}", "``` { .mwviz #x }"])
def test_a_fence_may_be_written_in_every_way(tmp_path: Path, opening: str) -> None:
    fence = re.match("[`~]+", opening)
    assert fence is not None

    made = converted(tmp_path, f"before\n{opening}\nshow main:app\n  -f tree\n{fence[0]}\nafter\n")

    assert '<pre class="mwviz"><code>main:app\n' in made
    assert "<p>before</p>" in made
    assert "<p>after</p>" in made


def test_all_fences_of_a_page_import_the_app_once(tmp_path: Path) -> None:
    counted = f"open('imports', 'a').write('x')\n{LAYERED}"
    fences = "".join(f"```mwviz\nshow main:app -f {each}\n```\n\n" for each in ("tree", "table", "dot", "mermaid"))

    made = converted(tmp_path, fences, counted)

    assert (tmp_path / "imports").read_text() == "x"
    assert made.count('<pre class="mwviz">') == 3
    assert '<code class="language-mermaid">flowchart TD' in made


@pytest.mark.parametrize("extensions", [("fenced_code",), ("pymdownx.superfences", "attr_list", "pymdownx.snippets")])
def test_hostile_names_stay_text(tmp_path: Path, extensions: tuple[str, ...]) -> None:
    if "pymdownx.superfences" in extensions:
        pytest.importorskip("pymdownx")
    formats = ("table", "tree", "timeline", "dot", "markdown", "mermaid")
    fences = "".join(f"```mwviz\nshow main:app -f {each}\n```\n\n" for each in formats)

    made = converted(tmp_path, f"```mwviz\nshow main:app\n```\n\n{fences}end\n", HOSTILE, extensions)

    assert "<script>alert" not in made
    assert "<b>bold" not in made
    assert "<i>" not in made
    assert made.endswith("<p>end</p>")


MISTAKES = {
    "show main:ap": "'main' has no attribute 'ap'. Did you mean 'main:app'?",
    "show main:app -o x.svg": "-o is for documents that `mwviz docs` refreshes",
    "": "The command is missing",
    "show main:app -f html": "A block of show cannot be -f html",
}


@pytest.mark.parametrize(("command", "message"), MISTAKES.items())
def test_a_mistake_names_the_fence(tmp_path: Path, command: str, message: str) -> None:
    with pytest.raises(BlockError) as caught:
        converted(tmp_path, f"```mwviz\n{command}\n```\n")

    assert f"```mwviz {command}```: {message}" in str(caught.value)


def test_a_change_of_code_is_seen_in_one_process(tmp_path: Path) -> None:
    text = "```mwviz\nshow main:app -f tree\n```\n"

    first, second = converted(tmp_path, text), converted(tmp_path, text, LAYERED.replace("Inner", "Renamed"))

    assert "Inner" in first
    assert "Renamed" in second
