"""What was found in real applications, read beside their source: true, arguable (true, but may be meant), or false."""

from __future__ import annotations

from typing import Any

#: Application and code: the verdict, and why.
JUDGED: dict[tuple[str, str], tuple[str, str]] = {
    **{
        (app, "MW003"): ("true", "nothing inside of CORS catches what its handlers raise")
        for app in (
            "chainlit",
            "google-adk",
            "gradio",
            "gradio-2022",
            "hayhooks",
            "mlflow",
            "orchestrator",
            "orchestrator-2022",
            "quetz-2022",
            "skypilot",
            "stac-fastapi",
            "zenml-2024",
        )
    },
    **{
        (app, "MW003"): (
            "true",
            "its handler for Exception or 500 renders JSON that no page of another origin can read",
        )
        for app in (
            "lnbits",
            "lnbits-2023",
            "mcp-gateway",
            "optimade",
            "optimade-2021",
            "rubrix-2021",
            "stac-fastapi-2022",
            "titiler",
            "titiler-2022",
            "titiler-pgstac-2022",
        )
    },
    ("airflow", "MW006"): ("true", "GZipMiddleware(minimum_size=1024) outside of JWTRefreshMiddleware, a BaseHTTP one"),
    ("phoenix", "MW006"): (
        "true",
        "its GZipMiddleware stands outside of HeadersMiddleware and RedactorMiddleware, two BaseHTTP",
    ),
    ("nicegui", "MW006"): ("true", "RequestTrackingMiddleware, a BaseHTTP one, stands inside of its GZipMiddleware"),
    ("fief-2023", "MW007"): ("arguable", "so does GZipMiddleware of its time; the app has no event stream"),
    ("lnbits-2023", "MW007"): ("true", "so does GZipMiddleware of its time, and the app streams payments as events"),
    ("optimade", "MW007"): ("arguable", "AddWarnings reads the whole body; the app has no event stream"),
    ("optimade-2021", "MW007"): ("arguable", "AddWarnings reads the whole body; the app has no event stream"),
    ("rubrix-2021", "MW007"): ("arguable", "BrotliMiddleware falls back to its gzip; the app has no event stream"),
    ("stac-fastapi-2022", "MW007"): ("arguable", "BrotliMiddleware falls back to its gzip; no event stream there"),
    ("hayhooks", "MW009"): ("true", "RequestIdMiddleware writes the id to responses that pass it, and a 500 does not"),
    ("mcp-gateway", "MW009"): ("true", "CorrelationIDMiddleware, as above; its handler for 500 writes no id either"),
    ("mlflow", "MW015"): ("arguable", "true, and of no use to a browser: information"),
    ("hayhooks", "MW026"): ("true", "CORS_EXPOSE_HEADERS is empty by default, the id is made for clients"),
    ("mcp-gateway", "MW026"): ("true", "X-Request-ID is exposed, but what it sends is X-Correlation-ID; no rate limit"),
}


def judged(app: str, finding: dict[str, Any]) -> str:
    """The verdict on a finding; `unjudged` where nobody has read it."""
    verdict, _ = JUDGED.get((app, finding["code"]), ("unjudged", ""))
    return verdict
