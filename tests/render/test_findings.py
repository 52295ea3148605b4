"""The reports of findings, read by those that read them elsewhere; what is hostile stays harmless."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mwviz.model import Place, Versions
from mwviz.model.findings import Check, CheckedApp, Finding, Findings, Site
from mwviz.render.findings import ENDINGS, RENDERERS, ReportFormat, render
from tests.conftest import Golden

VERSIONS = Versions("0.1.0", "3.11.7", "1.10.0", "0.165.0")
EVIL = "<b>&\"'\x1b[31m\x00\ufffe\n::error::%0A,x"
PLACE, OTHER = Place("shop/main.py", 41), Place("/opt/venv/lib/site-packages/edge.py", 7)


def finding(**more: object) -> Finding:
    values: dict[str, object] = {
        "code": "MW101",
        "severity": "error",
        "message": "Auth must stand outside of Cors, but stands inside of it.",
        "layers": ("Auth", "Cors"),
        "place": PLACE,
        "remedy": "In shop/main.py, move line 41 (Auth) below line 52 (Cors): what is added last stands outermost.",
        "evidence": "The order is Cors > Auth",
        "target": "shop.main:app",
        "check": "edge",
        "sites": (Site("Auth", PLACE), Site("Cors", OTHER)),
        **more,
    }
    return Finding(**values)  # type: ignore[arg-type]


ABSENT = finding(
    code="MW102",
    message="No layer of the app fits 'X': there are Auth.",
    layers=(),
    place=None,
    sites=(),
    remedy="Add it.",
)
SOME = Findings(
    findings=(finding(), ABSENT, finding(check="routes", routes=("GET /a", "GET /b"), evidence="", severity="warning")),
    checks=(
        Check("shop.main:app", "edge", "contract", kept=False, notes=("The probe did not reach Auth.",)),
        Check("shop.main:app", "routes", "contract", kept=False, routes=2),
        Check("admin", "edge", "contract", kept=True),
        Check("admin", "lock", "lock", kept=True),
    ),
    apps=(
        CheckedApp("shop.main:app", VERSIONS, ("Host is shop.example: TrustedHostMiddleware accepts it.",)),
        CheckedApp("admin", None),
    ),
    folder="services",
)
HOSTILE = Findings(
    findings=(
        finding(
            message=EVIL,
            layers=(EVIL,),
            place=Place(EVIL, 1),
            remedy=EVIL,
            evidence=EVIL,
            target=EVIL,
            check=EVIL,
            sites=(Site(EVIL, Place(EVIL, 1)), Site(EVIL, OTHER)),
            routes=(EVIL,),
        ),
    ),
    checks=(Check(EVIL, EVIL, "contract", kept=False, notes=(EVIL,)),),
    apps=(CheckedApp(EVIL, VERSIONS, (EVIL,)),),
)
NONE = Findings((), (), ())


def test_the_table_and_the_enum_agree() -> None:
    assert set(RENDERERS) == set(ReportFormat)
    assert set(ENDINGS.values()) < set(ReportFormat)


@pytest.mark.parametrize("format", ReportFormat)
def test_reports(golden: Golden, format: ReportFormat) -> None:
    golden(f"findings/{format.value}.txt", render(SOME, format))


def test_verbose_tells_codes_and_routes(golden: Golden) -> None:
    golden("findings/text_verbose.txt", render(SOME, ReportFormat.TEXT, width=120, color=True, verbose=True))


@pytest.mark.parametrize("format", ReportFormat)
@pytest.mark.parametrize("width", [1, 40, 79, 200])
def test_nothing_hostile_stays_live(format: ReportFormat, width: int) -> None:
    told = render(HOSTILE, format, width=width)

    assert not {"\x1b", "\x00", "\ufffe"} & set(told)
    assert not any(line.startswith("::error::") for line in told.split("\n"))


def test_no_line_of_text_is_wider_than_the_terminal() -> None:
    for width in (40, 60, 100):
        assert max(map(len, render(SOME, ReportFormat.TEXT, width=width).split("\n"))) <= width


@pytest.mark.parametrize("findings", [SOME, HOSTILE, NONE], ids=["some", "hostile", "none"])
def test_sarif_is_valid(findings: Findings) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text("utf-8"))
    document = json.loads(render(findings, ReportFormat.SARIF))

    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())

    assert [error.message for error in validator.iter_errors(document)] == []
    broken = json.loads(render(findings, ReportFormat.SARIF).replace('"version": "2.1.0"', '"version": "2"'))
    assert [error.message for error in validator.iter_errors(broken)] != []


def test_sarif_places_are_of_the_repository() -> None:
    (run,) = json.loads(render(SOME, ReportFormat.SARIF))["runs"]
    first, absent, _ = run["results"]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["MW101", "MW102"]
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "services/shop/main.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 41},
            }
        }
    ]
    assert first["relatedLocations"][0]["physicalLocation"]["artifactLocation"] == {"uri": f"file://{OTHER.file}"}
    (asked_for,) = absent["locations"]
    assert asked_for["physicalLocation"]["artifactLocation"]["uri"] == "services/mwviz.lock"


@pytest.mark.parametrize("findings", [SOME, HOSTILE, NONE], ids=["some", "hostile", "none"])
def test_junit_is_read_by_a_reader_of_junit(findings: Findings) -> None:
    junitparser = pytest.importorskip("junitparser")
    report = junitparser.JUnitXml.fromroot(
        junitparser.junitparser.etree.parse(io.BytesIO(render(findings, ReportFormat.JUNIT).encode())).getroot()
    )

    suites = list(report)

    assert report.tests == len(findings.checks)
    assert report.failures == sum(not check.kept for check in findings.checks)
    assert len(suites) == len(findings.apps)
    assert [len(list(suite)) for suite in suites] == [
        sum(check.target == app.target for check in findings.checks) for app in findings.apps
    ]
    for case, check in zip((case for suite in suites for case in suite), findings.checks, strict=True):
        assert case.is_passed is check.kept


def test_json_is_what_is_promised() -> None:
    told = json.loads(render(SOME, ReportFormat.JSON))

    assert told["format"] == "mwviz.findings/1"
    assert {"code", "severity", "message", "layers", "place", "remedy", "evidence"} <= set(told["findings"][0])
