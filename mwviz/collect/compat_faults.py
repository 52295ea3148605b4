"""What mwviz leans on of Starlette and FastAPI to make faults of their own kind, with the versions it holds for.

Nothing here imports either: the classes are those of the modules that the user's app has loaded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from typing import Any

from mwviz.collect.compat import application_classes

#: Tried where a pattern of origins has to be met.
_ORIGINS = ("http://localhost:3000", "http://localhost", "https://example.com", "https://app.example.com")
#: What the wild parts of such a pattern are taken for, one after the other.
_FILLINGS = ("app", "1", "", "3000", "localhost", "example.com")
_WILD = re.compile(
    r"\((?:\?:)?(?:[^()]*)\)[?*+]?|\[[^\]]*\](?:[?*+]|{\d+(?:,\d*)?})?|\\[dw](?:[?*+]|{\d+(?:,\d*)?})?|\.[*+]"
)

#: Of words between which a pattern lets choose, the first.
_CHOICE = re.compile(r"\((?:\?:)?([\w.-]+)\|[^()]*\)")


def is_cors(layer: object) -> bool:
    """Whether the layer is a CORSMiddleware of Starlette's (0.13 and newer), a subclass's, or a vendored copy's."""
    return any(
        cls.__name__ == "CORSMiddleware" and cls.__module__.endswith("middleware.cors") for cls in type(layer).__mro__
    )


def accepted_origin(layer: object) -> str | None:
    """An origin that a CORSMiddleware accepts; None where none is known.

    It keeps what it was given as `allow_origins` and compiles `allow_origin_regex`, which it matches in full.
    """
    given = getattr(layer, "allow_origins", ())
    origins = [each for each in given if type(each) is str] if isinstance(given, (list, tuple, set, frozenset)) else []
    if named := [each for each in origins if each != "*"]:
        return min(named) if isinstance(given, (set, frozenset)) else named[0]
    if origins:
        return _ORIGINS[2]
    pattern = getattr(layer, "allow_origin_regex", None)
    return _matching(pattern) if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str) else None


def accepted_method(layer: object, wanted: str) -> str:
    """The method to ask a CORSMiddleware for in a preflight: the wanted one, where it allows that."""
    methods = getattr(layer, "allow_methods", ())
    allowed = [each for each in methods if type(each) is str] if isinstance(methods, Collection) else []
    return wanted if wanted in allowed or not allowed else allowed[0]


def _matching(pattern: re.Pattern[str]) -> str | None:
    plain = re.sub(r"\\([./:-])", r"\1", pattern.pattern.strip("^$")).replace("s?:", "s:")
    chosen = _CHOICE.sub(r"\1", plain)
    filled = (_WILD.sub(filling, each) for each in (chosen, plain) for filling in _FILLINGS)
    return next((each for each in (*_ORIGINS, *filled) if pattern.fullmatch(each)), None)


def body_limit(application: object) -> int | None:
    """The bytes that a request body may have (`FastAPI(max_body_size=...)`, 0.165 and newer); None for no limit."""
    limit = getattr(application, "max_body_size", None)
    return limit if type(limit) is int else None


def error_handler(application: object) -> object | None:
    """The app's handler for any exception, where it has one: ServerErrorMiddleware calls that of 500 or `Exception`."""
    handlers = getattr(application, "exception_handlers", None)
    if not isinstance(handlers, dict):
        return None
    return next((handler for key, handler in handlers.items() if key in (500, Exception)), None)


def renders_errors(application: object) -> bool:
    """Whether the app has a handler for any exception."""
    return error_handler(application) is not None


def http_exception(application: object, status: int, detail: str) -> Exception:
    """An HTTPException as a handler of the app raises it: FastAPI's own, which derives from Starlette's."""
    return _named(application, "exceptions", "HTTPException")(status_code=status, detail=detail)  # type: ignore[no-any-return]


def client_disconnect(application: object) -> Exception:
    """What reading a body raises in a handler when the client is gone (Starlette 0.8 and newer)."""
    return _named(application, "requests", "ClientDisconnect")()  # type: ignore[no-any-return]


def validation_error(application: object) -> Exception | None:
    """A RequestValidationError of one missing query parameter, as FastAPI raises it; None for an app without FastAPI.

    Up to 0.99 it is pydantic's own ValidationError, made of an `ErrorWrapper`; since 0.100 it takes plain errors.
    """
    if not any(cls.__name__ == "FastAPI" for cls in application_classes(application)):
        return None
    made = _named(application, "exceptions", "RequestValidationError")
    wrapper = next((getattr(sys.modules.get(cls.__module__), "ErrorWrapper", None) for cls in made.__mro__[1:2]), None)
    if wrapper is not None:
        missing = sys.modules["pydantic.errors"].MissingError
        return made([wrapper(missing(), ("query", "mwviz"))])  # type: ignore[no-any-return]
    error = {"type": "missing", "loc": ("query", "mwviz"), "msg": "Field required", "input": None}
    return made([error])  # type: ignore[no-any-return]


def _named(application: object, module: str, name: str) -> Any:
    # The most derived class first: FastAPI's modules are asked before Starlette's.
    for cls in application_classes(application):
        found = sys.modules.get(f"{cls.__module__.removesuffix('.applications')}.{module}")
        if hasattr(found, name):
            return getattr(found, name)
    raise LookupError(f"The framework of the app has no {name}.")
