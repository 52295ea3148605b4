"""An app that OpenTelemetry instruments: what wraps the finished stack is not in `app.user_middleware`."""

from __future__ import annotations

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

app = FastAPI(title="Observed")
app.add_middleware(GZipMiddleware)
app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])


@app.get("/")
async def home() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello, observer"}


FastAPIInstrumentor.instrument_app(app)
