"""Every rule with an app that breaks it, and one near miss that does not: what is found are code and layers alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse

from mwviz import linting
from mwviz.analysis.lint import RULES, chosen, measures, proxy
from mwviz.api import Target
from mwviz.collect import ProbeOptions, subject_of_object
from mwviz.model.findings import Findings
from tests.linting.contexts import CASES as CONTEXT_CASES
from tests.linting.layered import (
    CORS,
    GZIP,
    LIVE,
    PAGE,
    REDIRECT,
    Auth,
    Client,
    Failing,
    Forwarded,
    FramesPages,
    Hoarding,
    Home,
    HttpAuth,
    HttpOnly,
    KindAuth,
    KnownBrowsers,
    LimitsBodies,
    Local,
    LongRefusal,
    MayReadSession,
    Metrics,
    MetricsOfResponses,
    NeedsTenant,
    NotHere,
    Options,
    OwnHost,
    OwnRedirect,
    Passing,
    Plain,
    PureAuth,
    RateLimitMiddleware,
    ReadsSession,
    Refusing,
    ResponseTime,
    Session,
    Silent,
    Streaming,
    Tenant,
    adding,
    app,
    mounted,
)


async def rendered(request: Any, error: Any) -> JSONResponse:
    return JSONResponse({}, 500)


#: rule, what it is, the app, and the layers that each finding names: none for a near miss
CASES: list[tuple[str, str, Callable[[], Any], list[tuple[str, ...]]]] = [
    ("MW001", "auth answers the preflight", lambda: app(Auth, CORS), [("CORSMiddleware", "Auth")]),
    ("MW001", "auth lets preflights pass", lambda: app(KindAuth, CORS), []),
    ("MW001", "auth inside", lambda: app(CORS, Auth), []),
    ("MW001", "auth without CORS", lambda: app(Auth), []),
    ("MW001", "a gateway answers OPTIONS kindly", lambda: app(Options, CORS), [("CORSMiddleware", "Options")]),
    ("MW001", "a page of a layer's own", lambda: app(Home, CORS), []),
    ("MW001", "two layers, one behind the other", lambda: app(Auth, PureAuth, CORS),
     [("CORSMiddleware", "Auth"), ("CORSMiddleware", "PureAuth")]),
    ("MW001", "a layer knows one host", lambda: app(OwnHost, CORS), []),
    ("MW001", "a layer wants to know who asks", lambda: app(KnownBrowsers, CORS), []),
    ("MW001", "a layer redirects to HTTPS", lambda: app(OwnRedirect, CORS), []),
    ("MW013", "a redirect of one's own", lambda: app(OwnRedirect, CORS), [("CORSMiddleware", "OwnRedirect")]),
    ("MW001", "a crash is no answer", lambda: app(Failing, CORS), []),
    ("MW002", "auth outside", lambda: app(KindAuth, CORS), [("CORSMiddleware", "KindAuth")]),
    ("MW002", "auth inside", lambda: app(CORS, KindAuth), []),
    ("MW002", "a page of a layer's own", lambda: app(Home, CORS), []),
    ("MW002", "a crash is no refusal", lambda: app(Failing, CORS), []),
    ("MW002", "gzip outside turns nobody away", lambda: app(GZIP, CORS), []),
    ("MW003", "CORS inside of the framework's own handler", lambda: app(CORS),
     [("CORSMiddleware", "ServerErrorMiddleware")]),
    ("MW003", "with a handler of the app's", lambda: app(CORS, exception_handlers={Exception: rendered}),
     [("CORSMiddleware", "ServerErrorMiddleware")]),
    ("MW003", "CORS around the whole app", lambda: CORSMiddleware(app(Plain), allow_origins=[PAGE]), []),
    ("MW003", "all handlers are mounted apps'", lambda: Starlette(
        routes=[mounted(Plain)], middleware=[CORS]), []),
    ("MW003", "only some are", lambda: app(CORS, routes=[mounted(Plain)]),
     [("CORSMiddleware", "ServerErrorMiddleware")]),
    ("MW009", "all handlers are mounted apps'", lambda: Starlette(
        routes=[mounted(Plain)], middleware=[adding("x-request-id")]), []),
    ("MW003", "no CORS", lambda: app(Plain), []),
    ("MW004", "outside of the session", lambda: app(ReadsSession, Session), [("Session", "ReadsSession")]),
    ("MW004", "inside of the session", lambda: app(Session, ReadsSession), []),
    ("MW004", "no session anywhere", lambda: app(ReadsSession), []),
    ("MW004", "does without", lambda: app(MayReadSession, Session), []),
    ("MW004", "fails for another reason", lambda: app(Failing, Session), []),
    ("MW005", "outside of who sets it", lambda: app(NeedsTenant, Tenant), [("Tenant", "NeedsTenant")]),
    ("MW005", "inside of who sets it", lambda: app(Tenant, NeedsTenant), []),
    ("MW005", "a session is MW004's", lambda: app(ReadsSession, Session), []),
    ("MW005", "fails for another reason", lambda: app(Failing, Tenant), []),
    ("MW006", "gzip outside of a BaseHTTPMiddleware", lambda: app(GZIP, Passing), [("GZipMiddleware", "Passing")]),
    ("MW006", "gzip inside", lambda: app(Passing, GZIP), []),
    ("MW006", "gzip outside of a pure layer", lambda: app(GZIP, Plain), []),
    ("MW006", "a long refusal divided, and none that is short", lambda: app(GZIP, Passing, LongRefusal),
     [("GZipMiddleware", "Passing")]),
    ("MW006", "a long refusal inside", lambda: app(GZIP, LongRefusal), []),
    ("MW006", "everything is to be compressed",
     lambda: app(Middleware(GZipMiddleware, minimum_size=0), Passing), []),
    ("MW007", "a layer waits for the whole body", lambda: app(Hoarding), [("Hoarding",)]),
    ("MW007", "a layer copies messages", lambda: app(Streaming), []),
    ("MW007", "a BaseHTTPMiddleware streams", lambda: app(Passing), []),
    ("MW009", "an id", lambda: app(adding("x-request-id")), [("Adding", "ServerErrorMiddleware")]),
    ("MW009", "two ids", lambda: app(adding("x-request-id", "x-correlation-id")),
     [("Adding", "ServerErrorMiddleware")]),
    ("MW009", "another header", lambda: app(adding("x-process-time")), []),
    ("MW010", "raises HTTPException", lambda: app(Refusing), [("Refusing",)]),
    ("MW010", "raises something else", lambda: app(Failing), []),
    ("MW010", "answers", lambda: app(Auth), []),
    ("MW011", "a websocket passes by", lambda: app(Auth, routes=[LIVE]), [("Auth",)]),
    ("MW011", "a pure layer sees websockets", lambda: app(PureAuth, routes=[LIVE]), []),
    ("MW011", "a pure layer lets websockets pass itself", lambda: app(HttpAuth, routes=[LIVE]), []),
    ("MW011", "a layer has no page there", lambda: app(NotHere, routes=[LIVE]), []),
    ("MW011", "there is no websocket", lambda: app(Auth), []),
    ("MW011", "a BaseHTTPMiddleware that guards nothing", lambda: app(Passing, routes=[LIVE]), []),
    ("MW012", "redirects before the proxy is heard", lambda: app(REDIRECT, Forwarded),
     [("Forwarded", "HTTPSRedirectMiddleware")]),
    ("MW012", "redirects after", lambda: app(Forwarded, REDIRECT), []),
    ("MW012", "nobody hears the proxy", lambda: app(REDIRECT), []),
    ("MW013", "redirects the preflight", lambda: app(REDIRECT, CORS), [("CORSMiddleware", "HTTPSRedirectMiddleware")]),
    ("MW013", "CORS answers first", lambda: app(CORS, REDIRECT), []),
    ("MW014", "twice in the app", lambda: app(CORS, Plain, CORS), [("CORSMiddleware#2", "CORSMiddleware")]),
    ("MW014", "again in a mount", lambda: app(Session, routes=[mounted(Session)]), [("Session#2", "Session")]),
    ("MW014", "two with other work", lambda: app(adding("x-a"), adding("x-b")), []),
    ("MW014", "only in the mount", lambda: app(Plain, routes=[mounted(Session)]), []),
    ("MW015", "inside of CORS", lambda: app(CORS, adding("x-frame-options")), [("Adding", "CORSMiddleware")]),
    ("MW015", "outside of CORS", lambda: app(adding("x-frame-options"), CORS), []),
    ("MW015", "outside of CORS, with preflights left out", lambda: app(FramesPages, CORS), []),
    ("MW015", "no header of security", lambda: app(CORS, adding("x-a")), []),
    ("MW018", "asserts on a websocket", lambda: app(HttpOnly, routes=[LIVE]), [("HttpOnly",)]),
    ("MW018", "no websocket to fail on", lambda: app(HttpOnly), []),
    ("MW018", "fails on everything", lambda: app(Failing, routes=[LIVE]), []),
    ("MW020", "a limit outside of who reads the client", lambda: app(RateLimitMiddleware, Client),
     [("Client", "RateLimitMiddleware")]),
    ("MW020", "a limit inside", lambda: app(Client, RateLimitMiddleware), []),
    ("MW020", "nobody reads the client", lambda: app(RateLimitMiddleware, Forwarded), []),
    ("MW020", "another layer outside", lambda: app(Plain, Passing, Client), []),
    ("MW020", "a layer that answers the client otherwise", lambda: app(Local, Client), [("Client", "Local")]),
    ("MW020", "the same inside", lambda: app(Client, Local), []),
    ("MW020", "one that answers everybody", lambda: app(NotHere, Client), []),
    ("MW020", "a limit behind one that answers everybody", lambda: app(Auth, RateLimitMiddleware, Client),
     [("Client", "RateLimitMiddleware")]),
    ("MW021", "a limit outside of CORS", lambda: app(LimitsBodies, CORS), [("CORSMiddleware", "LimitsBodies")]),
    ("MW021", "a limit inside of CORS", lambda: app(CORS, LimitsBodies), []),
    ("MW021", "a limit without CORS", lambda: app(LimitsBodies), []),
    ("MW024", "forgets to answer", lambda: app(Silent), [("Silent",)]),
    ("MW024", "answers once", lambda: app(Home), []),
    ("MW025", "left when all is done", lambda: app(Metrics), [("Metrics",)]),
    ("MW025", "the same outside of others", lambda: app(Metrics, Plain, Auth), [("Metrics",)]),
    ("MW025", "a BaseHTTPMiddleware goes on before", lambda: app(MetricsOfResponses), []),
    ("MW025", "the time is in a header", lambda: app(ResponseTime), []),
    ("MW025", "no name of the trade", lambda: app(Plain), []),
    ("MW026", "a header that no page can read", lambda: app(CORS, adding("x-process-time")),
     [("CORSMiddleware", "Adding")]),
    ("MW026", "outside of CORS it is no better", lambda: app(adding("x-process-time"), CORS),
     [("CORSMiddleware", "Adding")]),
    ("MW026", "exposed",
     lambda: app(Middleware(CORSMiddleware, allow_origins=[PAGE], expose_headers=["X-Process-Time"]),
                 adding("x-process-time")), []),
    ("MW026", "a header for the browser", lambda: app(CORS, adding("x-frame-options", "server-timing", "pragma")), []),
    ("MW026", "no CORS", lambda: app(adding("x-process-time")), []),
    *CONTEXT_CASES,
]  # fmt: skip


def judged(subject: Any, code: str, **options: Any) -> Findings:
    job = linting.Job(Target(), None, tuple(rule.code for rule in chosen([code], ())))

    def stuck(findings: Findings) -> None:
        raise AssertionError(findings)

    opened = subject_of_object(subject, Path.cwd())
    return linting.judge(opened, job, ProbeOptions(timeout=5.0, **options), stuck=stuck)


@pytest.mark.parametrize(("code", "made", "layers"), [(code, made, layers) for code, _, made, layers in CASES],
                         ids=[f"{code} {told}" for code, told, _, _ in CASES])  # fmt: skip
def test_a_rule_says_what_is_so_and_nothing_else(
    code: str, made: Callable[[], Any], layers: list[tuple[str, ...]]
) -> None:
    findings = judged(made(), code)
    assert [each.layers for each in findings.findings] == layers
    assert {each.code for each in findings.findings} == ({code} if layers else set())
    (check,) = findings.checks
    assert check.kept is not any(each.severity != "info" for each in findings.findings)


def test_a_500_that_somebody_has_written_for_browsers_is_a_warning() -> None:
    severities = {
        told: [each.severity for each in judged(made, "MW003").findings]
        for told, made in {
            "none": app(CORS),
            "by class": app(CORS, exception_handlers={Exception: rendered}),
            "by status": app(CORS, exception_handlers={500: rendered}),
            "another": app(CORS, exception_handlers={404: rendered}),
        }.items()
    }
    assert severities == {"none": ["info"], "by class": ["warning"], "by status": ["warning"], "another": ["info"]}


def told(subject: Any, code: str) -> str:
    (finding,) = judged(subject, code).findings
    return f"{finding.message}\n{finding.evidence}"


def test_a_short_body_is_one_of_ours_wherever_it_comes_from() -> None:
    by_endpoint, by_auth = (told(app(GZIP, Passing, *more), "MW006") for more in ((), (Auth,)))
    assert "compresses a body of 8 bytes to " in by_endpoint
    assert ": 8 bytes from the endpoint left GZipMiddleware as" in by_endpoint
    assert by_auth == by_endpoint.replace("from the endpoint", "from the place of Auth")


def test_an_app_is_left_as_it_was_found() -> None:
    subject = app(Auth, CORS, Session, routes=[LIVE, mounted(Session)])
    before = (list(subject.user_middleware), subject.middleware_stack, dict(vars(subject.router)))
    judged(subject, "ALL")
    assert (list(subject.user_middleware), subject.middleware_stack, dict(vars(subject.router))) == before


def test_every_rule_has_a_sample_that_breaks_it_and_a_near_miss() -> None:
    broken = {code for code, _, _, layers in CASES if layers}
    missed = {code for code, _, _, layers in CASES if not layers}
    elsewhere = {"MW016", "MW017", "MW022", "MW023"}
    assert broken | elsewhere == missed | elsewhere == {rule.code for rule in RULES}


@pytest.mark.parametrize(
    ("goes_by", "named", "others"),
    [
        (
            proxy._goes_by_client,
            ["RateLimitMiddleware", "SlowAPIMiddleware", "rate_limit", "IPFilter", "ip_allowlist",
             "BlockListMiddleware", "ThrottleMiddleware", "Limiter", "IPWhitelistMiddleware", "GeoBlock"],
            ["CORSMiddleware", "BodySizeLimiter", "LimitUploadSize", "AuthMiddleware", "GZipMiddleware", "Pipeline",
             "ConcurrencyLimiter", "SkipBlank"],
        ),
        (
            measures._measures,
            ["TimingMiddleware", "process_time", "ProcessTimeMiddleware", "PrometheusMiddleware", "AccessLogMiddleware",
             "log_requests", "RequestLogger", "Metrics", "ServerTiming", "Profiler"],
            ["TimeoutMiddleware", "RequestTimeout", "SessionMiddleware", "RequestIdMiddleware", "TimezoneMiddleware",
             "PrometheusAuthMiddleware"],
        ),
    ],
    ids=["by the client", "by the clock"],
)  # fmt: skip
def test_names_of_the_trade(goes_by: Callable[[str], object], named: list[str], others: list[str]) -> None:
    assert [name for name in named if not goes_by(name)] == []
    assert [name for name in others if goes_by(name)] == []
