"""An application factory: there is no app until somebody calls `create_app()`, as `uvicorn --factory` does."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware


def create_app() -> FastAPI:
    """Build the app with its layers given to the constructor: such a list reads outermost first."""
    app = FastAPI(
        title="Factory",
        middleware=[
            Middleware(CORSMiddleware, allow_origins=["https://shop.example"]),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
    )

    @app.get("/")
    async def home() -> dict[str, str]:
        return {"message": "Made to order"}

    return app
