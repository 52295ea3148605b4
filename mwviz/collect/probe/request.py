"""What the probe sends: the user's options, checked, with defaults that the app itself accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from mwviz.collect import redact
from mwviz.collect.compat import redirects_to_https
from mwviz.collect.probe.host import accepted_host
from mwviz.collect.probe.server import EXTENSIONS, Connection, Event
from mwviz.collect.probe.websocket import WebsocketConnection, subprotocols
from mwviz.errors import ProbeError, closest
from mwviz.model import Probe
from mwviz.values import dataclass

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = "testserver"
_CLIENT_PORT = 50000
#: Seconds; clocks count to some number only.
_LONGEST_LIMIT = 7 * 24 * 60 * 60
_HTTP_SCHEMES = {"http": "http", "https": "https"}
_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """What the user asked for. None means: the default, or what the app accepts.

    `headers` are `(name, value)` pairs, `data` is the body, `timeout` counts seconds for startup and for the probe
    each, `order` is the whole of `"A > B > C"`, `repeat` how many probes are measured, after one that is not.
    `websocket`: PATH is one, and `data` its one message. `extensions` are names of ASGI's that the server offers, such
    as `http.response.trailers`. `state`: tell who sets context variables and keys of the scope, and who can see them.
    """

    path: str | None = None
    method: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    data: bytes | None = None
    scheme: str | None = None
    client: str = "127.0.0.1"
    preflight: str | None = None
    endpoint: Literal["stand-in", "real"] | None = None
    raises: bool = False
    lifespan: bool | None = None
    timeout: float = 10.0
    order: str | None = None
    repeat: int | None = None
    websocket: bool = False
    extensions: tuple[str, ...] = ()
    state: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Request:
    """A request ready to be sent: `headers` as on the wire, `endpoint` and `lifespan` decided."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    scheme: str
    host: str
    client: str
    endpoint: Literal["stand-in", "real"]
    routed: bool
    raises: bool
    lifespan: bool
    timeout: float
    repeat: int | None
    type: Literal["http", "websocket"] = "http"
    says: bool = False
    extensions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = field(default=())

    def connection(
        self, event: Callable[[], Event], give_way: Callable[[], Awaitable[None]]
    ) -> Connection | WebsocketConnection:
        """The server's side of it; `event` makes an event of the loop's own, `give_way` lets other tasks run."""
        if self.type == "websocket":
            return WebsocketConnection(self.body if self.says else None, event, give_way)
        return Connection(self.body, event, self.extensions)

    def scope(self, asgi: dict[str, str], state: dict[str, Any]) -> dict[str, Any]:
        """The ASGI scope, as uvicorn would make it of this request."""
        raw_path, _, query = self.target.partition("?")
        scope: dict[str, Any] = {
            "type": self.type,
            "asgi": asgi,
            "http_version": "1.1",
            "server": (_HOST, 443 if self.scheme in ("https", "wss") else 80),
            "client": (self.client, _CLIENT_PORT),
            "scheme": self.scheme,
            "root_path": "",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": list(self.headers),
            "state": state,
        }
        if self.type == "websocket":
            scope |= {"subprotocols": subprotocols(self.headers), "extensions": {"websocket.http.response": {}}}
        else:
            scope["method"] = self.method
            if self.extensions:
                scope["extensions"] = {name: {} for name in self.extensions}
        return scope

    def described(self, order: tuple[str, ...] | None) -> Probe:
        """The request as it may be shown, secrets hidden."""
        raw_path, mark, query = self.target.partition("?")
        return Probe(
            type=self.type,
            method=self.method,
            path=raw_path + mark + redact.query(query),
            headers=redact.headers(self.headers),
            scheme=self.scheme,
            client=self.client,
            body_bytes=len(self.body),
            endpoint=self.endpoint,
            lifespan=self.lifespan,
            order=order,
            reasons=self.reasons,
            raises=self.raises,
            repeat=self.repeat,
            extensions=self.extensions,
        )


def prepare(options: ProbeOptions, layers: Iterable[object]) -> Request:
    """The request that `options` ask for, fit for the constructed `layers`. Raises ProbeError for nonsense."""
    if options.endpoint not in (None, "stand-in", "real"):
        raise ProbeError(f"'{options.endpoint}' is no endpoint of a probe: stand-in or real.")
    endpoint = options.endpoint or ("stand-in" if options.path is None else "real")
    if options.raises and endpoint == "real":
        raise ProbeError(
            "Only the stand-in endpoint raises on demand, and PATH goes to the real one: add --endpoint stand-in."
        )
    _combinable(options)
    body = options.data or b""
    headers, reasons = _headers(options, body)
    method = _method(options)
    request = Request(
        method=method,
        target=_target(options.path),
        headers=tuple(headers),
        body=body,
        scheme=_scheme(options),
        host=_HOST,
        client=options.client,
        endpoint=endpoint,
        routed=options.path is not None,
        raises=options.raises,
        lifespan=(endpoint == "real") if options.lifespan is None else options.lifespan,
        timeout=_timeout(options.timeout),
        repeat=_repeat(options.repeat),
        type="websocket" if options.websocket else "http",
        says=options.data is not None,
        extensions=options.extensions,
        reasons=tuple(reasons),
    )
    return _acceptable(request, options, list(layers))


def _combinable(options: ProbeOptions) -> None:
    for name in options.extensions:
        if name not in EXTENSIONS:
            close = closest(name, EXTENSIONS)
            hint = f"did you mean {close}?" if close else f"there are {', '.join(EXTENSIONS)}."
            raise ProbeError(f"'{name}' is no extension of ASGI that mwviz knows: {hint}")
    if not options.websocket:
        return
    if options.method is not None:
        raise ProbeError(f"A websocket has no method '{options.method}': leave out either --websocket or -X.")
    if options.preflight is not None:
        raise ProbeError("A browser sends no preflight for a websocket: leave out either --websocket or --preflight.")
    if options.extensions:
        raise ProbeError(
            f"A websocket knows no '{options.extensions[0]}': leave out either --websocket or --extension."
        )


def parse_header(line: str) -> tuple[str, str]:
    """`"Name: value"` as a pair. Raises ProbeError for anything else."""
    name, colon, value = line.partition(":")
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise ProbeError(f"'{redact.text(line)}' is no header: write it as 'Name: value'.")
    return name.strip(), value.strip()


def _headers(options: ProbeOptions, body: bytes) -> tuple[list[tuple[bytes, bytes]], list[str]]:
    headers = [_encoded(name, value) for name, value in options.headers]
    given = {name for name, _ in headers}
    reasons: list[str] = []
    if options.websocket:
        return headers, reasons
    if body and b"content-type" not in given:
        kind = "application/json" if _is_json(body) else "application/x-www-form-urlencoded"
        headers.append((b"content-type", kind.encode()))
        reasons.append(f"Content-Type is {kind}, after the look of the body.")
    if (body or options.data is not None) and b"content-length" not in given:
        headers.append((b"content-length", str(len(body)).encode()))
    if options.preflight is not None:
        headers.append(_encoded("origin", options.preflight))
        headers.append(
            _encoded("access-control-request-method", options.method or ("GET" if options.data is None else "POST"))
        )
    return headers, reasons


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    if not _TOKEN.fullmatch(name):
        raise ProbeError(f"'{name}' is no name of a header: letters, digits and -_.~ only.")
    if any(ord(character) < 32 and character != "\t" for character in value):
        raise ProbeError(f"The value of header '{name}' holds a control character: no server would let it through.")
    try:
        return name.lower().encode("ascii"), value.encode("latin-1")
    except UnicodeEncodeError:
        return name.lower().encode("ascii"), value.encode()


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), (dict, list))
    except ValueError:
        return False


def _method(options: ProbeOptions) -> str:
    method = options.method
    if method is None:
        method = "POST" if options.data is not None and not options.websocket else "GET"
    if not _TOKEN.fullmatch(method):
        raise ProbeError(f"'{method}' is no HTTP method: try GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.")
    return method.upper() if options.preflight is None else "OPTIONS"


def _target(path: str | None) -> str:
    if path is None:
        return "/"
    if not path.startswith("/"):
        parts = urlsplit(path)
        rest = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        hint = f": did you mean '{rest}'?" if parts.scheme and parts.netloc else " (then the query, if any)."
        raise ProbeError(f"PATH '{redact.text(path)}' does not begin with '/'{hint}")
    path = path.partition("#")[0]
    return "".join(each if 32 < ord(each) < 127 else _percent(each) for each in path)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


def _scheme(options: ProbeOptions) -> str:
    schemes = _WEBSOCKET_SCHEMES if options.websocket else _HTTP_SCHEMES
    given = options.scheme or "http"
    if given in schemes:
        return schemes[given]
    kind = "a websocket" if options.websocket else "an HTTP request"
    *others, last = schemes
    hint = ": add --websocket" if given in _WEBSOCKET_SCHEMES else f": {', '.join(others)} or {last}"
    raise ProbeError(f"'{given}' is no scheme of {kind}{hint}.")


def _timeout(seconds: float) -> float:
    if not 0 < seconds <= _LONGEST_LIMIT:
        raise ProbeError(
            f"A time limit of {seconds:g} seconds makes no sense: "
            f"give a number above 0, and {_LONGEST_LIMIT} (a week) at most."
        )
    return seconds


def _repeat(times: int | None) -> int | None:
    if times is not None and times < 1:
        raise ProbeError(f"{times} probes measure nothing: --repeat takes 1 or more.")
    return times


def _acceptable(request: Request, options: ProbeOptions, layers: Sequence[object]) -> Request:
    headers, reasons, scheme = request.headers, list(request.reasons), request.scheme
    host = accepted_host(layers, _HOST)
    if not any(name == b"host" for name, _ in headers):
        headers = ((b"host", host.encode("latin-1", "replace")), *headers)
        if host != _HOST:
            reasons.append(f"Host is {host}: TrustedHostMiddleware accepts it.")
    if options.scheme is None and any(redirects_to_https(layer) for layer in layers):
        plain, scheme = ("ws", "wss") if options.websocket else ("http", "https")
        reasons.append(f"The scheme is {scheme}: HTTPSRedirectMiddleware redirects {plain}.")
    return replace(request, headers=headers, scheme=scheme, reasons=tuple(reasons))
