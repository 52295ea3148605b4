"""Builds the app's stack with a boundary outside every layer, and leaves the app as it was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from mwviz.collect.compat import INNER, framework_classes, held, is_method_of, registration, router_stack
from mwviz.collect.proxied import behind
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary, bare, is_own
from mwviz.collect.stack.construct import Builder, Constructed, Kept
from mwviz.collect.stack.recorder import Recorder
from mwviz.collect.stack.unwrap import Link, path_to
from mwviz.errors import ProbeError
from mwviz.model import Origin

#: Identities of the apps, routers and routes that have boundaries now: two probes would restore each other's.
_busy: set[int] = set()


@dataclass(slots=True, eq=False, repr=False)
class Found:
    """One layer as it was found: the callable, its entry in `user_middleware`, and the boundary outside it, if any.

    It may be a router, too: that is no layer, but has its place among them.
    """

    layer: Any
    entry: object | None
    origin: Origin
    boundary: Boundary | None
    within: str = "app"
    is_router: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Built:
    """A stack with boundaries, outermost first: `found` ends with the router, unless that is hidden.

    `error` is what a constructor raised, `failed` the entry it was constructing.
    """

    found: list[Found] = field(default_factory=list)
    entries: list[object] = field(default_factory=list)
    router: Boundary | None = None
    entrance: Boundary | None = None
    notes: list[str] = field(default_factory=list)
    error: Exception | None = None
    failed: object | None = None


def claim(application: Any, undo: ExitStack) -> None:
    """Have the application to ourselves until `undo` closes, which also gives it its stack back. Raises ProbeError."""
    if id(application) in _busy:
        raise ProbeError("Another probe of this app is running: wait until it is over.")
    _busy.add(id(application))
    undo.callback(_busy.discard, id(application))
    undo.callback(_restoring(application, "middleware_stack"))


def is_busy(holder: object) -> bool:
    """Whether a probe has its boundaries there."""
    return id(holder) in _busy


def take(holders: Sequence[object], undo: ExitStack) -> None:
    """Have routes, routers and what wraps them to ourselves until `undo` closes; none of them may be busy."""
    taken = {id(holder): holder for holder in holders}  # kept until then: an identity is used again
    _busy.update(taken)
    undo.callback(lambda: _busy.difference_update(taken))


def instrument(
    application: Any, recorder: Recorder, entries: list[object] | None, undo: ExitStack, kept: Kept | None = None
) -> Built:
    """Let the application run a stack with boundaries; `entries` reorder its user layers, `kept` are used again.

    `undo` takes back what was put into a stack that stood already.
    """
    built = Built(entries=list(application.user_middleware) if entries is None else entries)
    builder = Builder(application, recorder, {} if kept is None else kept)
    standing = getattr(application, "middleware_stack", None)
    stack = _built_or_standing(application, builder, built, standing, reordered=entries is not None)
    if stack is not None:
        survey(stack, application, builder, built, undo)
        application.middleware_stack = built.entrance
    return built


def _built_or_standing(
    application: Any, builder: Builder, built: Built, standing: Any, *, reordered: bool
) -> ASGIApp | None:
    try:
        stack = builder.build(built.entries)
    except Exception as error:
        if standing is None or reordered:
            built.error, built.failed = error, builder.failed
            return None
        built.notes.append(
            f"The stack that the app had built already was traced: building it again raised {type(error).__name__}."
        )
        builder.constructed.clear()
        builder.collapsed.clear()
        return standing  # type: ignore[no-any-return]
    is_router = _is(application.router)
    if standing is None or reordered or _classes(standing, is_router) == _classes(stack, is_router):
        return stack
    built.notes.append("The stack that the app had built already was traced: building it again gives another one.")
    builder.constructed.clear()
    builder.collapsed.clear()
    return standing  # type: ignore[no-any-return]


def survey(stack: ASGIApp, application: Any, builder: Builder, built: Built, undo: ExitStack) -> None:
    """Walk the stack from outside to the router, and put a boundary wherever there is none yet."""
    framework = framework_classes(application)
    unmatched = [] if builder.constructed else list(built.entries)
    is_router = _is(application.router)
    built.entrance = current = _entrance(stack, builder)
    while True:
        layer = bare(current)
        if is_router(layer):
            built.router = _own_or_none(current, builder.recorder)
            built.found += routed(layer, built.router, builder.recorder, undo)
            built.router = built.found[-1].boundary
            return
        known = builder.constructed.get(id(current))
        entry = known.entry if known is not None else _take_match(layer, unmatched)
        built.found.append(
            Found(layer, entry, _origin(layer, entry, framework), _own_or_none(current, builder.recorder))
        )
        inner = _next(layer, known, is_router, builder, undo)
        if inner is None:
            return
        current = inner


def routed(router: Any, outside: Boundary | None, recorder: Recorder, undo: ExitStack) -> list[Found]:
    """A router, with the layers of its own before it (`Router(middleware=...)`); `outside` is the router's boundary."""
    stack = router_stack(router)
    way = path_to(stack, lambda value: is_method_of(value, router)) if stack is not None else None
    if not way:
        return [Found(router, None, "framework", outside, is_router=True)]
    # The router hands straight on to the first of its layers: its boundary is that layer's.
    boundaries = [outside, *bounded([link for _, link in way], recorder, undo)]
    found = [Found(layer, None, "route", boundary) for (layer, _), boundary in zip(way, boundaries, strict=False)]
    return [*found, Found(router, None, "framework", boundaries[-1], is_router=True)]


def register(found: Iterable[Found], given: Sequence[object]) -> None:
    """Match layers with the `Middleware` given for them, both outermost first; one of another class is none of it."""
    pending = list(given)
    for each in found:
        factory = registration(pending[0])[0] if pending else None
        if factory is not None and (type(behind(each.layer)) is factory or not isinstance(factory, type)):
            each.entry = pending.pop(0)


def bounded(links: Iterable[Link], recorder: Recorder, undo: ExitStack) -> list[Boundary | None]:
    """Put a boundary around what each link leads to, until `undo` closes; None where a link cannot be set."""
    boundaries: list[Boundary | None] = []
    for link in links:
        inner = link.get()
        boundary = inner if is_own(inner, recorder) else Boundary(bare(inner), recorder)
        try:
            undo.callback(link.put(boundary))
        except Exception:  # a read-only attribute, the arguments of a partial: what lies there goes without a boundary
            boundaries.append(None)
        else:
            boundaries.append(boundary)
    return boundaries


def _entrance(stack: ASGIApp, builder: Builder) -> Boundary:
    entrance = stack if is_own(stack, builder.recorder) else Boundary(bare(stack), builder.recorder)
    entrance.mwviz.entrance = True
    return entrance


def _next(
    layer: Any, known: Constructed | None, is_router: Callable[[object], bool], builder: Builder, undo: ExitStack
) -> Any:
    if known is not None and _direct(layer, known.inner):
        return known.inner
    path = path_to(layer, lambda value: value is not layer and (type(value) is Boundary or is_router(value)))
    if not path:
        return known.inner if known is not None else None
    link: Link = path[0][1]
    inner = link.get()
    if is_own(inner, builder.recorder):
        return inner
    return bounded([link], builder.recorder, undo)[0] or inner


def _direct(layer: Any, inner: Boundary) -> bool:
    return held(layer).get(INNER) is inner


def _own_or_none(value: Any, recorder: Recorder) -> Boundary | None:
    return value if is_own(value, recorder) else None


def _take_match(layer: Any, unmatched: list[object]) -> object | None:
    for entry in unmatched:
        if registration(entry)[0] is type(behind(layer)):
            unmatched.remove(entry)
            return entry
    return None


def _origin(layer: Any, entry: object | None, framework: frozenset[type]) -> Origin:
    if entry is not None:
        return "user"
    return "framework" if type(behind(layer)) in framework else "injected"


def _classes(stack: Any, is_router: Callable[[object], bool]) -> list[type]:
    path = path_to(stack, is_router) or []
    return [type(behind(bare(layer))) for layer, _ in path]


def _is(router: object) -> Callable[[object], bool]:
    return lambda value: bare(value) is router


def _restoring(holder: Any, name: str) -> Callable[[], None]:
    held = vars(holder)
    if name not in held:
        return lambda: held.pop(name, None)
    before = held[name]
    return lambda: setattr(holder, name, before)
