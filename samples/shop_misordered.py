"""The shop of `shop.py` with its layers in the order in which they came to mind: each is right, the whole is not.

A 401 carries neither CORS headers nor a request id, a browser's preflight is refused, and no session is recognised.
"""

from __future__ import annotations

from fastapi import FastAPI
from shop import (
    EXPOSED,
    HOSTS,
    ORIGINS,
    SECRET,
    AuthMiddleware,
    RequestIdMiddleware,
    SecurityHeadersMiddleware,
    process_time,
    router,
)
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

app = FastAPI(title="Shop")
app.include_router(router)

app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
app.add_middleware(SecurityHeadersMiddleware)
app.add_middleware(SessionMiddleware, secret_key=SECRET)
app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=True, expose_headers=EXPOSED)
app.add_middleware(RequestIdMiddleware)
app.add_middleware(AuthMiddleware, token=SECRET, public=("login",))
app.middleware("http")(process_time)
app.add_middleware(GZipMiddleware, minimum_size=500)
