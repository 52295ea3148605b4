"""Every name of Starlette and FastAPI that mwviz leans on, with the versions it holds for.

Nothing here imports either: an app may bring a vendored copy, so classes are known by name and shape.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from types import CellType
from typing import Any

from mwviz.collect.proxied import behind

#: The attribute under which Starlette's own layers, and most others, keep the layer further in (0.13 and newer).
INNER = "app"

#: Where the frameworks' routers and routes live, a vendored copy's too: a user's own module may well be `shop.routing`.
_ROUTING = ("starlette.routing", "fastapi.routing")


def is_application(value: object) -> bool:
    """Whether `value` is a Starlette (0.13 and newer) or FastAPI app, a subclass's, or a vendored copy's."""
    cls = type(value)
    return hasattr(cls, "build_middleware_stack") and all(
        hasattr(value, name) for name in ("router", "user_middleware")
    )


def application_classes(app: object) -> list[type]:
    """The framework's own classes among those that `app` is an instance of, the most derived first."""
    return [
        cls
        for cls in type(app).__mro__
        if any(_is_named(cls, name, ".applications") for name in ("FastAPI", "Starlette"))
    ]


#: How the names of the modules end that define the classes of applications, vendored copies included.
APPLICATION_MODULES = ("starlette.applications", "fastapi.applications")


def defined_applications(module: object) -> list[type]:
    """The framework's own classes of applications that such a module defines itself."""
    classes = (getattr(module, name, None) for name in ("FastAPI", "Starlette"))
    return [cls for cls in classes if isinstance(cls, type) and cls.__module__ == getattr(module, "__name__", None)]


def framework_classes(app: object) -> frozenset[type]:
    """The classes that the framework's application modules and private ones name, as layers of its own: by version."""
    names = [cls.__module__ for cls in application_classes(app)]
    beside = tuple(f"{name.rpartition('.')[0]}._" for name in names)
    modules = [module for name, module in [*sys.modules.items()] if name in names or name.startswith(beside)]
    named = (value for module in modules for value in vars(module).values() if isinstance(value, type))
    return frozenset(cls for cls in named if not is_base_http(cls))  # that is there for the decorator's sake alone


def is_base_http(cls: type) -> bool:
    """Whether `cls` is Starlette's `BaseHTTPMiddleware` or derives from it."""
    return any(_is_named(base, "BaseHTTPMiddleware", "middleware.base") for base in cls.__mro__)


def dispatch_function(layer: object) -> object | None:
    """The `dispatch=` that a BaseHTTPMiddleware was given; None where the class has its own."""
    dispatch = held(layer).get("dispatch_func")
    own = inspect.ismethod(dispatch) and dispatch.__self__ is layer
    return None if own else dispatch


def registration(entry: object) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Class or factory, positional and keyword arguments of an entry of `user_middleware`.

    Starlette kept the keywords in `options` up to 0.34, and has had `args` since 0.35. It takes tuples as well.
    """
    if isinstance(entry, tuple):
        cls, *given = entry
        return behind(cls), tuple(given[0]) if len(given) > 1 else (), dict(given[-1]) if given else {}
    kept = held(entry)
    return behind(kept["cls"]), tuple(kept.get("args", ())), dict(kept.get("kwargs", kept.get("options", {})))


def framework_versions(app: object | None) -> tuple[str | None, str | None]:
    """Versions of Starlette and FastAPI; None for one that the app does not use (all: None for no app)."""
    roots = {cls.__name__: cls.__module__ for cls in application_classes(app)} if app is not None else {}
    return _version_of(roots.get("Starlette"), "starlette"), _version_of(roots.get("FastAPI"), "fastapi")


def _version_of(module: str | None, package: str) -> str | None:
    if module is None:
        return None
    own = getattr(sys.modules.get(module.removesuffix(".applications")), "__version__", None)
    if type(own) is str:
        return own
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def accepted_hosts(layer: object) -> tuple[str, ...]:
    """The host patterns that a TrustedHostMiddleware accepts; empty for any other layer."""
    if not _derives(layer, "TrustedHostMiddleware"):
        return ()
    patterns = getattr(layer, "allowed_hosts", ())
    return tuple(host for host in patterns if type(host) is str) if isinstance(patterns, (list, tuple)) else ()


def accepted_origins(layer: object) -> tuple[str, ...]:
    """The origins that a CORSMiddleware was given; empty for any other layer."""
    if not _derives(layer, "CORSMiddleware"):
        return ()
    origins = getattr(layer, "allow_origins", ())
    return tuple(origin for origin in origins if type(origin) is str) if isinstance(origins, (list, tuple)) else ()


def redirects_to_https(layer: object) -> bool:
    """Whether the layer is an HTTPSRedirectMiddleware."""
    return _derives(layer, "HTTPSRedirectMiddleware")


def _derives(layer: object, name: str) -> bool:
    modules = {
        "TrustedHostMiddleware": ".trustedhost",
        "HTTPSRedirectMiddleware": ".httpsredirect",
        "CORSMiddleware": ".cors",
    }
    return any(_is_named(cls, name, modules[name]) for cls in type(behind(layer)).__mro__)


def home_of(router: object) -> type | None:
    """Starlette's own `Router` class among those of `router`; None where it is none."""
    return next((cls for cls in type(router).__mro__ if _is_named(cls, "Router", "starlette.routing")), None)


def every_route_class(router: object) -> list[type]:
    """The classes of routes that there are for such a router, `BaseRoute` itself left out.

    Not those of the routes that there are: a layer may add routes on the first request.
    """
    home = home_of(router)
    base = getattr(sys.modules.get(home.__module__), "BaseRoute", None) if home is not None else None
    kinds: dict[type, None] = {}
    pending: list[type] = type.__subclasses__(base) if isinstance(base, type) else []
    while pending:
        cls = pending.pop()
        pending += type.__subclasses__(cls)
        kinds[cls] = None
    return list(kinds)


def route_classes(router: object) -> list[type]:
    """The classes whose `handle` a request passes on its way from the router to a handler.

    `Route.handle(scope, receive, send)` checks the method and calls the handler, from Starlette 0.13 to 1.x;
    FastAPI's `APIRoute.handle` does so, too, since 0.137 where routes lie in a tree.
    """
    return [cls for cls in every_route_class(router) if "handle" in vars(cls)]


def is_router(value: object) -> bool:
    """Whether `value` is a Starlette `Router` or FastAPI `APIRouter`, a subclass's, or a vendored copy's."""
    return any(_is_named(cls, "Router", "starlette.routing") for cls in type(value).__mro__)


def unwatchable(router: Any) -> str | None:
    """What of a router would call a handler past `Route.handle`, in words; None if nothing does."""
    if not is_router(router):
        return f"a router of class {type(router).__name__}"
    for name in ("__call__", "app"):
        owner = next((cls for cls in type(router).__mro__ if name in vars(cls)), None)
        if owner is not None and not owner.__module__.endswith(_ROUTING):
            return f"{owner.__name__}.{name}, which is not the framework's"
    if any("handle" in held(route) for route in getattr(router, "routes", ())):
        return "a route with a `handle` of its own"
    return None


def _is_named(cls: type, name: str, module: str) -> bool:
    try:
        return cls.__name__ == name and cls.__module__.endswith(module)
    except Exception:  # a metaclass may do anything here: then it is none of the framework's classes
        return False


def held(value: object) -> dict[str, Any]:
    """The attributes of an object itself; empty where it has none, or does not let them be seen."""
    try:
        return dict(vars(value))
    except Exception:  # no `__dict__`, or one of the user's own making
        return {}


def router_stack(router: object) -> Any:
    """The outermost layer of `Router(middleware=...)` (Starlette 0.29 and newer); None for a router without any."""
    stack = held(router).get("middleware_stack")
    return None if is_method_of(stack, router) else stack


def is_method_of(value: object, router: object) -> bool:
    """Whether `value` is the router's own `app`: what its layers lead to."""
    return inspect.ismethod(value) and value.__self__ is router and value.__name__ == INNER


def is_handler(value: object, route: object) -> bool:
    """Whether `value` is what a route calls in the end: what the framework made of its endpoint, or the endpoint."""
    # Not its `__module__`, which `functools.wraps` copies to a wrapper of the user's.
    own = inspect.isfunction(value) and str(value.__globals__.get("__name__")).endswith(_ROUTING)
    endpoint = getattr(route, "endpoint", None)
    return own or value is endpoint or adapts(value, endpoint)


def adapts(value: object, endpoint: object) -> bool:
    """Whether `value` makes an ASGI app of a handler, as the user's own kind of `request_response` does.

    Starlette calls functions, methods and partials with a request: what holds one, or a partial of one as Starlette's
    own does for threads, is no layer around an ASGI app.
    """
    if not (inspect.isroutine(endpoint) or issubclass(type(endpoint), partial)):
        return False
    cells = getattr(value, "__closure__", None) or () if inspect.isfunction(value) else ()
    closed = (cell.cell_contents for cell in cells if cell != CellType())
    return any(each is endpoint or _passes_on(each, endpoint) for each in (*closed, *held(value).values()))


def _passes_on(value: Any, endpoint: object) -> bool:
    is_partial = issubclass(type(value), partial)
    return is_partial and any(each is endpoint for each in (value.func, *value.args, *value.keywords.values()))


def fallback(router: Any) -> Any:
    """The user's `Router(default=...)` or `not_found`, for whatever no route takes; None for the framework's 404."""
    default, home = getattr(router, "default", None), home_of(router)
    own = getattr(default, "__func__", None) is getattr(home, "not_found", None)
    return None if own else default


def mounted(route: object) -> Any:
    """What was mounted, without the layers of `Mount(middleware=...)` (Starlette 0.24 and newer) around it."""
    return held(route).get("_base_app", getattr(route, INNER, None))


def mount_name(route: object) -> str:
    """The path of a mount as it was written; the host of a `Host` route as a URL without a scheme has it."""
    host = getattr(route, "host", None)
    return f"//{host}" if type(host) is str else str(getattr(route, "path", ""))


def is_included(route: object) -> bool:
    """Whether the route is an included router (FastAPI 0.137 and newer), which leads to routes of its own."""
    return getattr(route, "original_router", None) is not None


def calling(route: object, scope: Mapping[str, Any]) -> Any:
    """What keeps the app that `route.handle` calls: the route, or its context in an included router.

    FastAPI (0.137 and newer) makes that app anew for every `include_router`, past the route's own.
    """
    told = scope.get("fastapi")
    context = told.get("effective_route_context") if type(told) is dict else None
    return context if context is not None and getattr(context, "original_route", None) is route else route


def is_mount(route: object) -> bool:
    """Whether the route hands over to an app that may have layers of its own, and not to an endpoint."""
    return not hasattr(route, "endpoint") and hasattr(route, INNER)


def has_startup(app: Any) -> bool:
    """Whether the app has anything of its own to do at startup; True where that cannot be told.

    Starlette's default was a function of `Router.__init__` up to 0.15, and has been a `_DefaultLifespan` since.
    """
    router = getattr(app, "router", None)
    context = getattr(router, "lifespan_context", None)
    name = getattr(context, "__qualname__", type(context).__name__)
    return bool(getattr(router, "on_startup", ())) or not ("_DefaultLifespan" in name or "default_lifespan" in name)


def allows_method(route: object, scope: Mapping[str, Any]) -> bool:
    """Whether `route.handle` will call the handler, rather than refuse with 405."""
    methods = getattr(route, "methods", None)
    return not methods or scope.get("method") in methods


def has_own_handle(route: object) -> bool:
    """Whether the route's `handle` is the user's, who may call the handler whatever the method is."""
    owner = next((cls for cls in type(route).__mro__ if "handle" in vars(cls)), None)
    return owner is not None and not owner.__module__.endswith(_ROUTING)


def overriding_call(app: object) -> type | None:
    """The user's class that overrides the application's `__call__`; None where the framework's own runs."""
    owner = next(cls for cls in type(app).__mro__ if "__call__" in vars(cls))
    return None if owner in application_classes(app) else owner
