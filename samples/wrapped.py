"""An app wrapped from outside: CORSMiddleware lies around FastAPI's own layers, and even a crash gets its headers."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

api = FastAPI(title="Wrapped")
api.add_middleware(GZipMiddleware, minimum_size=500)


@api.get("/")
async def home() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello from inside"}


app = CORSMiddleware(api, allow_origins=["https://shop.example"])
