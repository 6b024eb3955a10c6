"""What a request would like best, by its headers `Accept` and `Accept-Encoding` (RFC 9110, 12.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

OPENMETRICS = "application/openmetrics-text"
VERSIONS = ("1.0.0", "0.0.1", "")
"""Of OpenMetrics, that a page of ours is read as; empty where any will do."""
TEXT = ("text/plain", "text/*", "*/*")


@dataclass(frozen=True, slots=True)
class Wish:
    """One element of such a header, in lower case."""

    name: str
    weight: float
    version: str = ""


def takes_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics is liked best; of formats that are liked equally it is the one named first."""
    known = [wish for wish in _wishes(accept) if wish.name in TEXT or _is_openmetrics(wish)]
    best = max(known, key=lambda wish: wish.weight, default=None)
    return best is not None and best.weight > 0 and _is_openmetrics(best)


def takes_gzip(accept_encoding: str) -> bool:
    """A coding's own weight counts before that of all others."""
    weights = {wish.name: wish.weight for wish in _wishes(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _is_openmetrics(wish: Wish) -> bool:
    return wish.name == OPENMETRICS and wish.version in VERSIONS


def _wishes(header: str) -> Iterator[Wish]:
    for element in header.lower().split(","):
        name, *parameters = element.split(";")
        told = {
            key.strip(): value.strip(' \t"') for key, _, value in (each.partition("=") for each in parameters)
        }
        yield Wish(name.strip(), _weight(told.get("q", "1")), told.get("version", ""))


def _weight(text: str) -> float:
    """What is no weight is no wish."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 < weight <= 1 else 0.0
