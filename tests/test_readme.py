"""Every `$ mwviz ...` of README.md is run in the checkout, 80 columns wide, and must answer what stands below it.

`pytest --update-golden` writes the answers of this machine into README.md.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_group

from mwviz import cli
from tests.conftest import golden_fastapi

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of the README, with the answer that is printed below it; `prompt` is the place where its `$` stands."""

    prompt: int
    command: str
    answer: str


def shown(text: str) -> list[Shown]:
    """Return the commands of all `console` blocks in their order."""
    found = []
    for block in _BLOCK.finditer(text):
        prompts = [match.start() for match in re.finditer(r"^\$ ", block[1], re.MULTILINE)]
        for start, end in zip(prompts, [*prompts[1:], len(block[1])], strict=True):
            command, _, answer = block[1][start:end].partition("\n")
            found.append(Shown(block.start(1) + start, command.removeprefix(_PROMPT), answer))
    return found


def steady(text: str) -> str:
    """Return `text` without what differs from run to run: times and versions, and the room that they take in a column.

    `12 µs` becomes `TIME`, the number in `FastAPI 0.165.0` (Starlette, Python, mwviz) becomes `VERSION`, several
    spaces become one, and spaces at the end of a line go. A line goes on with the indented ones below it: a longer time
    breaks it elsewhere.
    """
    text = re.sub(r"\d+(?:\.\d+)? (?:ns|µs|ms|s)\b", "TIME", text)
    text = re.sub(r"\b(FastAPI|Starlette|Python|mwviz)\s+\d+(?:\.\w+)+", r"\1 VERSION", text)
    text = re.sub(r" +$", "", re.sub(r" {2,}", " ", text), flags=re.MULTILINE)
    return re.sub(r"\n (?=\S)", " ", text)


def answer_of(command: str) -> str:
    """Return what a user sees of `command`, stdout before stderr."""
    program, *arguments = shlex.split(command)
    assert program == "mwviz", f"the README runs mwviz only in its console blocks: {command}"
    unset = ("FORCE_COLOR", "PYTHONWARNINGS")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "mwviz", *arguments],
        cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_readme_shows_commands() -> None:
    commands = [entry.command for entry in shown(README.read_text("utf-8"))]
    assert "mwviz show samples/tutorial.py" in commands
    assert all(command.startswith("mwviz ") for command in commands)


@golden_fastapi
def test_readme_answers_are_true(update_golden: bool) -> None:
    text = README.read_text("utf-8")
    answers = {entry: answer_of(entry.command) for entry in shown(text)}
    if update_golden:
        for entry in reversed(answers):
            start = entry.prompt + len(_PROMPT) + len(entry.command) + 1
            text = text[:start] + answers[entry] + text[start + len(entry.answer) :]
        README.write_text(text, "utf-8")
        return
    for entry, answer in answers.items():
        assert steady(entry.answer) == steady(answer), entry.command


@golden_fastapi
def test_the_blocks_of_the_readme_are_fresh(update_golden: bool) -> None:
    option = () if update_golden else ("--check", "--diff")
    done = subprocess.run(
        [sys.executable, "-m", "mwviz", "docs", "README.md", *option],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.startswith("1 block in 1 file: ")


def test_the_contracts_of_the_readme_are_those_of_the_samples() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (shown_contracts,) = (block for block in blocks if block.startswith("[[contracts]]"))
    assert shown_contracts in (ROOT / "samples" / "contracts.toml").read_text("utf-8")


def test_the_options_of_the_readme_exist() -> None:
    rows = re.findall(r"^\| (`-.*?) \|", README.read_text("utf-8"), re.MULTILINE)
    named = {option for row in rows for option in re.findall(r"(?<!\w)--?[A-Za-z][\w-]*", row)}
    assert len(named) > 10
    show = get_group(cli.app).commands["show"]
    assert named <= {option for parameter in show.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("own time\n   12 µs  x\n", "own time TIME x\n"),
        ("in 9 µs, then it\n  left\n1  x\n", "in TIME, then it left\n1 x\n"),
        ("took 1.24 ms, then 2 s", "took TIME, then TIME"),
        ("FastAPI 0.165.0 on Python 3.11.7", "FastAPI VERSION on Python VERSION"),
        ("Python\n  3.13.0", "Python VERSION"),
        ("200 in 3 layers", "200 in 3 layers"),
    ],
)
def test_steady_keeps_all_but_times_versions_and_room(text: str, expected: str) -> None:
    assert steady(text) == expected
