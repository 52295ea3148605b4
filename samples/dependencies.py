"""A request with dependencies: when they are set up and closed, and when a background task runs, differs by version."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import BackgroundTasks, Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

app = FastAPI(title="Dependencies")
app.add_middleware(GZipMiddleware, minimum_size=500)
app.add_middleware(CORSMiddleware, allow_origins=["https://reports.example"])


def get_db() -> Iterator[dict[str, str]]:
    """Open the database for one request, and close it when the request is done with it."""
    database = {"7": "Quarterly report"}
    yield database
    database.clear()


async def get_title(report: str, database: dict[str, str] = Depends(get_db)) -> str:
    """Look a report up; the database is the one that others of this request get."""
    return database.get(report, "nothing")


def note_reading(report: str) -> None:
    """Count one reading of a report, when the reader has it already."""


@app.get("/reports/{report}")
def read_report(
    report: str,
    tasks: BackgroundTasks,
    title: str = Depends(get_title),
    database: dict[str, str] = Depends(get_db),
) -> dict[str, object]:
    """Answer from a worker thread, as every endpoint does that is no coroutine function."""
    tasks.add_task(note_reading, report)
    return {"title": title, "of": len(database)}
