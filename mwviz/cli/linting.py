"""Lints apps for the command line, and explains the rules."""

from __future__ import annotations

from collections.abc import Sequence

from mwviz import linting
from mwviz.api import Target
from mwviz.cli import checking, output
from mwviz.cli.reports import Report
from mwviz.collect import ProbeOptions


def codes(given: Sequence[str] | None) -> tuple[str, ...]:
    """Codes and beginnings of codes, as `MW001,MW01` or given again."""
    return tuple(code.strip() for text in given or () for code in text.split(",") if code.strip())


def lint(
    target: Target,
    probe: ProbeOptions,
    wanted: Sequence[Report],
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    *,
    whole: bool,
) -> None:
    """Judge what is configured and write the reports. Raises typer.Exit with 1 for an error or a warning."""
    work = checking.Work("lint", linting.jobs(target, codes(select), codes(ignore)), linting.judge, linting.fails)
    checking.hold(work, target, probe, wanted, whole=whole)


def explain(code: str) -> None:
    """Tell the story of a rule; no app is looked at. Raises SelectionError for a code that is none."""
    from mwviz.analysis.lint import story
    from mwviz.render.findings.story import render

    output.write_stdout(render(story(code), width=output.width(), color=output.wants_color()))
