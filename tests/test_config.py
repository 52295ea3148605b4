"""The configuration: which file counts, what it may say, and how a mistake in it is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mwviz.config import App, Config, find
from mwviz.errors import ConfigError
from mwviz.model.contracts import Contract, Name


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


FOUND: list[tuple[str, dict[str, str], str, str | None, str | None]] = [
    ("nothing", {}, ".", None, None),
    ("mwviz.toml", {"mwviz.toml": "app = 'a:b'"}, ".", "a:b", None),
    ("mwviz.toml with the long table name", {"mwviz.toml": "[tool.mwviz]\napp = 'a:b'"}, ".", "a:b", None),
    ("pyproject.toml", {"pyproject.toml": "[tool.mwviz]\napp = 'a:b'"}, ".", "a:b", None),
    ("FastAPI's entrypoint", {"pyproject.toml": "[tool.fastapi]\nentrypoint = 'a:b'"}, ".", None, "a:b"),
    (
        "both tables",
        {"pyproject.toml": "[tool.fastapi]\nentrypoint = 'c:d'\n[tool.mwviz]\napp = 'a:b'"},
        ".",
        "a:b",
        "c:d",
    ),
    ("FastAPI without an entrypoint", {"pyproject.toml": "[tool.fastapi]"}, ".", None, None),
    ("a byte order mark", {"mwviz.toml": "\ufeffapp = 'a:b'"}, ".", "a:b", None),
    ("upward", {"../../mwviz.toml": "app = 'a:b'"}, "../..", "a:b", None),
    ("the nearest", {"../mwviz.toml": "app = 'a:b'", "../../mwviz.toml": "app = 'c:d'"}, "..", "a:b", None),
    (
        "mwviz.toml before pyproject.toml",
        {"mwviz.toml": "app = 'a:b'", "pyproject.toml": "[tool.mwviz]\napp = 'c:d'"},
        ".",
        "a:b",
        None,
    ),
    (
        "a pyproject.toml of other tools is passed over",
        {"pyproject.toml": "[tool.ruff]", "../mwviz.toml": "app = 'a:b'"},
        "..",
        "a:b",
        None,
    ),
    (
        "contracts",
        {
            "mwviz.toml": "[[contracts]]\nname = 'edge'\nlayers = ['A', 'B*']\nexhaustive = true\npaths = []\n"
            "[[contracts]]\non_faults = ['x-id']"
        },
        ".",
        None,
        None,
    ),
    ("no contract", {"mwviz.toml": "contracts = []"}, ".", None, None),
]


@pytest.mark.parametrize(
    ("files", "folder", "app", "entrypoint"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND]
)
def test_the_nearest_configuration_counts(
    tmp_path: Path, files: dict[str, str], folder: str, app: str | None, entrypoint: str | None
) -> None:
    directory = tmp_path / "mono" / "services" / "shop"
    directory.mkdir(parents=True)
    write(directory, files)

    config = find(directory)

    assert (config.app, config.entrypoint) == (app, entrypoint)
    assert config.folder == (directory / folder).resolve()
    assert (config.file is None) is (not files)


def test_a_named_file_is_read_from_the_directory_and_is_the_only_one(tmp_path: Path) -> None:
    write(tmp_path, {"mwviz.toml": "app = 'a:b'", "ci/own.toml": "app = 'c:d'", "ci/pyproject.toml": ""})

    assert find(tmp_path, Path("ci/own.toml")) == Config(tmp_path / "ci", tmp_path / "ci" / "own.toml", "c:d")
    assert find(Path("/"), tmp_path / "mwviz.toml").app == "a:b"
    assert find(tmp_path, Path("ci/pyproject.toml")) == Config(tmp_path / "ci", tmp_path / "ci" / "pyproject.toml")


def test_contracts_are_read_with_their_little_grammar(tmp_path: Path) -> None:
    text = """
        app_dir = "src"
        factory = true
        [[contracts]]
        name = "edge"
        layers = ["A", "b.C | D#2", "(E*)", "(F | G)", "(H) | <lambda>"]
        exhaustive = true
        outermost = "A | B"
        methods = ["get"]
        [[contracts]]
        before = ["A > <lambda> > B"]
        after = ["(B) < <lambda>"]
    """
    write(tmp_path, {"mwviz.toml": text})

    config = find(tmp_path)

    a, b, function = (Name("A"),), (Name("B"),), (Name("<lambda>"),)
    assert (config.app_dir, config.factory) == (tmp_path / "src", True)
    assert config.contracts == (
        Contract(
            "edge",
            "[[contracts]] number 1",
            layers=(
                a,
                (Name("b.C"), Name("D#2")),
                (Name("E*", optional=True),),
                (Name("F", optional=True), Name("G", optional=True)),
                (Name("H", optional=True), Name("<lambda>")),
            ),
            exhaustive=True,
            outermost=(Name("A"), Name("B")),
            methods=("GET",),
        ),
        Contract(
            "contract 2",
            "[[contracts]] number 2",
            pairs=((a, function, b), (function, (Name("B", optional=True),))),
        ),
    )


def test_several_apps_have_names_and_contracts_of_their_own(tmp_path: Path) -> None:
    text = """
        [[tool.mwviz.contracts]]
        outermost = "A"
        [[tool.mwviz.apps]]
        app = "shop:app"
        [[tool.mwviz.apps]]
        name = "admin"
        app = "main:create"
        app_dir = "services/admin"
        factory = true
        [[tool.mwviz.apps.contracts]]
        once = ["B"]
    """
    write(tmp_path, {"pyproject.toml": text})

    config = find(tmp_path)

    own = Contract("contract 2", "[[tool.mwviz.apps.contracts]] number 1", once=("B",))
    assert [each.outermost for each in config.contracts] == [(Name("A"),)]
    assert config.apps == (
        App("shop:app", "shop:app"),
        App("admin", "main:create", tmp_path / "services" / "admin", factory=True, contracts=(own,)),
    )


WRONG: list[tuple[str, str, str]] = [
    ("mwviz.toml", "app = 3", "`app` in the top level must be a string, not a number."),
    ("mwviz.toml", "app = 3.5", "`app` in the top level must be a string, not a number."),
    ("mwviz.toml", "app = true", "`app` in the top level must be a string, not true or false."),
    ("mwviz.toml", "app = ['a']", "`app` in the top level must be a string, not an array of strings."),
    ("mwviz.toml", "app = 1979-05-27", "`app` in the top level must be a string, not a date or time."),
    ("mwviz.toml", "[app]", "`app` in the top level must be a string, not a table."),
    ("mwviz.toml", "contracts = 'a'", "`contracts` in the top level must be an array of tables, not a string."),
    ("mwviz.toml", "contracts = [{}, 3]", "`contracts` in the top level must be an array of tables, not an array."),
    (
        "mwviz.toml",
        "[[contracts]]\nlayers = ['A', 3]",
        "`layers` in [[contracts]] number 1 must be an array of strings, not an array.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nexhaustive = 'yes'",
        "`exhaustive` in [[contracts]] number 1 must be true or false, not a string.",
    ),
    (
        "mwviz.toml",
        "colour = 1",
        "the top level has an unknown key `colour`: it knows `app`, `app_dir`, `factory`, `contracts`, `apps`, `lint`.",
    ),
    ("mwviz.toml", "contract = 1", "the top level has an unknown key `contract`: did you mean `contracts`?"),
    (
        "pyproject.toml",
        "[[tool.mwviz.contracts]]\nonfaults = []",
        "[[tool.mwviz.contracts]] number 1 has an unknown key `onfaults`: did you mean `on_faults`?",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nname = 'a'",
        (
            "[[contracts]] number 1 holds nothing: give it `layers`, `outermost`, `innermost`, `forbidden`, `once`, "
            "`before`, `after`, `on_faults`."
        ),
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nonce = ['A']\nexhaustive = true",
        "`exhaustive` in [[contracts]] number 1 says nothing without `layers`.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nlayers = ['A | ']",
        "`layers` in [[contracts]] number 1 lacks a name in 'A | '.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nlayers = ['(A']",
        "`layers` in [[contracts]] number 1 has a parenthesis without its other half in '(A': '(x)' may be absent.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nlayers = ['A > B']",
        "`layers` in [[contracts]] number 1 wants a string for each place, outermost first, not 'A > B'.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\noutermost = 'B < A'",
        "`outermost` in [[contracts]] number 1 wants no order: see `before`, not 'B < A'.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nonce = ['A>B']",
        "`once` in [[contracts]] number 1 wants no order: see `before`, not 'A>B'.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nforbidden = ['']",
        "`forbidden` in [[contracts]] number 1 has an empty string in it.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nbefore = ['A < B']",
        "`before` in [[contracts]] number 1 wants `A > B`: A stands outside of B; 'A < B' has one name only.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nafter = ['A']",
        "`after` in [[contracts]] number 1 wants `B < A`: B stands inside of A; 'A' has one name only.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nname = 'a'\nonce = ['A']\n[[contracts]]\nname = 'a'\nonce = ['B']",
        "`name` in [[contracts]] number 2: another contract is called 'a', too.",
    ),
    (
        "mwviz.toml",
        "[[contracts]]\nname = 'x'\nonce = ['A']\n[[apps]]\napp = 'a'\n[[apps.contracts]]\nname = 'x'\nonce = ['B']",
        "`name` in [[apps.contracts]] number 1: another contract is called 'x', too.",
    ),
    ("mwviz.toml", "[[apps]]\nname = 'a'", "[[apps]] number 1 lacks `app`."),
    (
        "mwviz.toml",
        "[[apps]]\napp = 'a'\n[[apps]]\napp = 'a'",
        "[[apps]] number 2 is called 'a' like another one: give it a `name` of its own.",
    ),
    (
        "pyproject.toml",
        "[[tool.mwviz.apps]]\napp = 'a'\nfactor = true",
        "[[tool.mwviz.apps]] number 1 has an unknown key `factor`: did you mean `factory`?",
    ),
    (
        "pyproject.toml",
        "[[tool.mwviz.apps]]\napp = 'a'\n[[tool.mwviz.apps.contracts]]\nlayer = ['A']",
        "[[tool.mwviz.apps.contracts]] number 1 has an unknown key `layer`: did you mean `layers`?",
    ),
    ("pyproject.toml", "tool = 3", "`tool` must be a table, not a number."),
    ("pyproject.toml", "[tool]\nmwviz = 3", "[tool.mwviz] must be a table, not a number."),
    ("pyproject.toml", "[tool]\nfastapi = 'x'", "[tool.fastapi] must be a table, not a string."),
    (
        "pyproject.toml",
        "[tool.fastapi]\nentrypoint = ['x']",
        "`entrypoint` in [tool.fastapi] must be a string, not an array of strings.",
    ),
]


@pytest.mark.parametrize(("name", "text", "message"), WRONG, ids=[f"{row[0]}: {row[1]}" for row in WRONG])
def test_a_mistake_names_file_table_and_key(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, {name: text})

    with pytest.raises(ConfigError) as raised:
        find(tmp_path)

    assert str(raised.value) == f"{tmp_path / name}: {message}"


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b"app = '\xff'")
    write(tmp_path, {"broken.toml": "app ="})

    messages = []
    for name in ("none.toml", "folder.toml", "latin.toml", "broken.toml"):
        with pytest.raises(ConfigError) as raised:
            find(tmp_path, Path(name))
        messages.append(str(raised.value))

    assert messages[0] == f"There is no configuration file '{tmp_path / 'none.toml'}'."
    assert messages[1].startswith(f"{tmp_path / 'folder.toml'} cannot be read: ")
    assert messages[2] == f"{tmp_path / 'latin.toml'} is not UTF-8: invalid start byte at byte 7."
    assert messages[3].startswith(f"{tmp_path / 'broken.toml'} is no valid TOML: ")
