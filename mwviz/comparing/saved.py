"""A saved result, as `mwviz show -f json` and `mwviz routes -f json` write it, read as one side of a comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from mwviz.analysis.lock import in_order, locked_layers, locked_routes
from mwviz.errors import ConfigError
from mwviz.model import Endpoint, Layer, Origin, Place
from mwviz.model.diff import Behaviour, Deed, Lock, Side
from mwviz.model.routes import RouteChain

TRACE, ROUTES = "mwviz.trace/1", "mwviz.routes/1"


def document(text: str, name: str) -> Mapping[str, Any]:
    """The JSON of a trace or of routes. Raises ConfigError that says what else it is, and in which line it breaks."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}:{error.lineno}: this is no valid JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:  # a number of 5000 digits, or nested too deeply
        raise ConfigError(f"{name}: this is no JSON of mwviz: {error}.") from error
    kind = found.get("format") if isinstance(found, dict) else None
    if kind not in (TRACE, ROUTES):
        told = f"its format is {kind!r}" if kind is not None else "it says no format"
        raise ConfigError(
            f"{name} is neither a trace nor routes of mwviz: {told}. "
            "`mwviz show -f json` and `mwviz routes -f json` write what can be compared."
        )
    return dict(found)


def side(found: Mapping[str, Any], name: str, folder: str = "") -> Side:
    """What a document tells, under a name; paths in arguments become relative to `folder`. Raises ConfigError."""
    try:
        layers = tuple(map(_layer, found["layers"]))
        if found["format"] == ROUTES:
            chains = tuple(map(_chain, found["routes"]))
            return Side(name, Lock(locked_layers(layers, folder), locked_routes(layers, chains)))
        order = in_order(layers, found["request_order"])
        return Side(name, Lock(locked_layers(order, folder)), _behaviour(found, layers))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{name} is not whole: {what}. Was it edited?") from error


def _layer(found: Mapping[str, Any]) -> Layer:
    return Layer(
        index=int(found["index"]),
        name=str(found["name"]),
        label=str(found["label"]),
        qualified_name=str(found["qualified_name"]),
        origin=_origin(found["origin"]),
        within=str(found["within"]),
        kind=found["kind"],
        arguments={str(key): str(value) for key, value in found["arguments"].items()},
        defined_at=None,
        registered_at=_place(found["registered_at"]),
    )


def _origin(found: object) -> Origin:
    known: tuple[Origin, ...] = get_args(Origin)
    for origin in known:
        if found == origin:
            return origin
    raise ValueError(f"no layer has the origin {found!r}")


def _place(found: Mapping[str, Any] | None) -> Place | None:
    return None if found is None else Place(str(found["file"]), int(found["line"]))


def _chain(found: Mapping[str, Any]) -> RouteChain:
    return RouteChain(
        path=str(found["path"]),
        host=found["host"],
        methods=tuple(map(str, found["methods"])),
        type=found["type"],
        endpoint=Endpoint(str(found["endpoint"]["name"]), None),
        opaque=bool(found["opaque"]),
        layers=tuple(map(str, found["layers"])),
        dependencies=tuple(map(str, found["dependencies"])),
        skipped=tuple(map(str, found["skipped"])),
        layer_indexes=tuple(map(int, found["layer_indexes"])),
        dependency_indexes=tuple(map(int, found["dependency_indexes"])),
    )


def _behaviour(found: Mapping[str, Any], layers: tuple[Layer, ...]) -> Behaviour:
    response, error, by = found["response"], found["error"], found["answered_by"]
    return Behaviour(
        status=response["status"] if response is not None else None,
        headers=tuple((str(name), str(value)) for name, value in response["headers"]) if response is not None else (),
        answered_by=layers[by].label if isinstance(by, int) else None if by is None else str(by),
        error=f"{error['type']}: {error['message']}" if error is not None else None,
        deeds=tuple(_deed(step, layers[step["layer"]]) for step in found["steps"] if _is_told(layers, step)),
    )


def _is_told(layers: tuple[Layer, ...], step: Mapping[str, Any]) -> bool:
    return layers[int(step["layer"])].origin != "framework"


def _deed(step: Mapping[str, Any], layer: Layer) -> Deed:
    outcome = str(step["outcome"]).replace("_", " ")
    return Deed(layer.label, outcome, _texts(step["request_changes"]), _texts(step["response_changes"]))


def _texts(found: list[str] | None) -> tuple[str, ...] | None:
    return None if found is None else tuple(map(str, found))
