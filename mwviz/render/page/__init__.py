"""`html`: one file that plays the probe step by step, without network; without JavaScript, and on paper, it shows all.

Its policy lets nothing run and nothing load but the script and the style in it, by their hashes. What comes from the
app is text in elements that are written here: the script makes no markup of anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files

from mwviz.model import Trace
from mwviz.model.probes import ProbeKind, Probes, kind_of
from mwviz.render import words
from mwviz.render.markup import HEAD, Html, block, data, digest, element, joined, text
from mwviz.render.page import events
from mwviz.render.page.comparison import TITLES, comparison
from mwviz.render.page.stack import stack
from mwviz.render.page.steps import Playable, playable
from mwviz.render.plain import visible
from mwviz.render.remarks import remarks
from mwviz.render.summary import summary

_LEGEND = element(
    "p",
    element("span", text("↓ request"), class_="key request"),
    element("span", text("↑ response"), class_="key response"),
    element("span", text("↑ response thrown away"), class_="key lost"),
    element("span", text("✗ exception"), class_="key exception"),
    class_="legend",
)
_PLACE = re.compile(r"\{\{ (\w+) \}\}")


def render(value: Trace | Probes, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return the page of one probe, or of several of one app. The same observations and times give the same page."""
    shown = value if isinstance(value, Probes) else Probes(((kind_of(value.probe), value),))
    script, style = _file("page.js"), _file("page.css")
    app, versions = words.headline_parts(shown.probes[0][1])
    parts = {
        "head": HEAD.format(
            policy=f"script-src '{digest(script)}'; style-src '{digest(style)}'",
            title=text(f"{app}: its middleware, traced"),
            style=style,
        ),
        "script": script,
        "app": text(app),
        "versions": text(versions.removeprefix(" · ")),
        "choice": _choice(shown.probes),
        "probes": joined(_probe(kind, trace, first=not at) for at, (kind, trace) in enumerate(shown.probes)),
        "comparison": comparison(shown.probes),
        "left_out": joined(element("p", text(each), class_="note") for each in shown.left_out),
        "data": data({"probes": [_played(kind, trace) for kind, trace in shown.probes]}),
    }
    return _PLACE.sub(lambda found: parts[found[1]], _file("page.html"))


def _file(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def _choice(probes: Sequence[tuple[ProbeKind, Trace]]) -> Html:
    if len(probes) < 2:
        return Html("")
    links = (
        element(
            "a",
            element("strong", text(TITLES[kind])),
            element("span", text(words.asked(trace)), class_="asked"),
            element("span", text(words.got(trace) or words.nothing(trace)), class_=f"badge {_state(trace)}"),
            href=f"#probe={kind}",
        )
        for kind, trace in probes
    )
    return block("nav", *links, aria_label="Probes", class_="choice")


def _state(trace: Trace) -> str:
    code = words.status_got(trace)
    if trace.error is not None or code is None or code >= 500:
        return "failed"
    return "took_over" if code >= 400 else "answered"


def _played(kind: ProbeKind, trace: Trace) -> dict[str, object]:
    return {"kind": kind, "title": TITLES[kind], "steps": events.played_steps(kind, trace, playable(trace))}


def _probe(kind: ProbeKind, trace: Trace, *, first: bool) -> Html:
    """Return one probe whole: what came of it, its stack, what was changed, and every crossing."""
    played = playable(trace)
    result = element("p", text(words.request_line(trace)), class_="result")
    head = block(
        "header", element("h2", text(TITLES[kind])), result, element("p", text(summary(trace))), *_notes(trace)
    )
    aside = block(
        "aside", element("h3", text("Changed on the way")), events.ledger(trace, played), *_answer(trace, played)
    )
    body = block("div", block("div", _LEGEND, stack(kind, trace, played)), aside, class_="body")
    tables = (events.table(kind, trace, played), events.lifespan(trace))
    return block("section", head, body, *tables, id=f"probe={kind}", class_="probe", data_kind=kind, data_first=first)


def _notes(trace: Trace) -> Iterator[Html]:
    said = [*remarks(trace)]
    if trace.probe.endpoint == "stand-in":
        said.insert(0, "A stand-in endpoint took the request: no handler was called.")
    if said:
        yield block("ul", *(element("li", text(each)) for each in said), class_="notes")
    error = trace.error
    if error is not None and error.frames and not (trace.probe.raises and error.raised_by == "endpoint"):
        lines = "\n".join(visible(line) for line in f"{error.frames}\n{error.type}: {error.message}".splitlines())
        yield element("pre", Html("\n".join(text(line) for line in lines.split("\n"))), tabindex=0)


def _answer(trace: Trace, played: Playable) -> Iterator[Html]:
    """Yield the headers that were sent, and those that came back."""
    yield from _headers("Sent", words.asked(trace), trace.probe.headers)
    answer = trace.response or trace.websocket
    if answer is None:
        return
    parts = [*_headers("Received", words.got(trace) or "", answer.headers)]
    if trace.response is not None and trace.response.trailers:
        parts += _headers("Trailers", "", trace.response.trailers)
    yield block("div", *parts, data_at=played.answered)


def _headers(title: str, first: str, headers: Sequence[tuple[str, str]]) -> Iterator[Html]:
    yield element("h3", text(title))
    lines = [element("li", text(first), class_="first")] if first else []
    lines += [
        element("li", element("span", text(name), class_="header"), text(f": {value}")) for name, value in headers
    ]
    yield block("ul", *lines, class_="headers code")
