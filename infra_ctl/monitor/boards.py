"""What boards ask Prometheus: every query of a board as Grafana would send it, and whether an answer comes.

A metric that was renamed is an empty panel in Grafana, and an error nowhere: so boards are asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode
from urllib.request import urlopen

from infra_ctl.errors import UnusableError
from infra_ctl.monitor.grafana import SHORTEST, Board

Kind: TypeAlias = Literal["range", "instant"]
Sample: TypeAlias = Mapping[str, Any]
"""One series of an answer, as Prometheus gives it."""
Ask: TypeAlias = Callable[["BoardQuery"], Sequence[Sample]]
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
PATIENCE = 60
SPAN = 900
"""Seconds that are looked at."""


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """One query of a board, its variables put in."""

    board: str
    """Its uid."""
    panel: str
    """Its title, in the board's language; of a variable or an annotation, its name."""
    expr: str
    kind: Kind
    labels: frozenset[str]
    """That a legend, a table or a map shows: each series is to have them."""

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {' '.join(self.expr.split())}"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A query that a reader would see nothing of, or not what it names."""

    query: BoardQuery
    why: str

    def __str__(self) -> str:
        return f"{self.query}: {self.why}"


def queries(board: Board, values: Mapping[str, str]) -> tuple[BoardQuery, ...]:
    """Of all panels, variables and annotations. What `values` does not have is everything."""
    return tuple(_all(board, values))


def unanswered(board: Board, values: Mapping[str, str], ask: Ask) -> tuple[Unanswered, ...]:
    """Queries that have no series, or series without the labels that are shown.

    A table shows a label that any of its columns has: they are joined.
    """
    return tuple(_unanswered(queries(board, values), ask))


def asking(url: str, at: float) -> Ask:
    """Of the Prometheus at this URL, for the quarter of an hour before `at`. Raises UnusableError."""

    def ask(query: BoardQuery) -> Sequence[Sample]:
        if query.kind == "instant":
            return _asked(f"{url}/api/v1/query", {"query": query.expr, "time": f"{at}"})
        period = {"start": f"{at - SPAN}", "end": f"{at}", "step": "15"}
        return _asked(f"{url}/api/v1/query_range", {"query": query.expr, **period})

    return ask


def filled(expr: str, values: Mapping[str, str], every: str = SHORTEST) -> str:
    """An expression with what Grafana puts in place of variables. Raises UnusableError for an unknown one."""
    known = {"__rate_interval": f"{4 * _seconds(every)}s", "__range": f"{SPAN}s", **values}

    def value(match: re.Match[str]) -> str:
        if match[1].startswith("__") and match[1] not in known:
            raise UnusableError(f"${match[1]} is no variable of Grafana's that is known here")
        return known.get(match[1], ".*")

    return _VARIABLE.sub(value, expr)


def _all(board: Board, values: Mapping[str, str]) -> Iterator[BoardQuery]:
    uid = str(board["uid"])
    for variable in _variables(board):
        selector, label = _chosen_from(variable["query"]["query"])
        expr = f"group by ({label}) ({filled(selector, values)})"
        yield BoardQuery(uid, variable["name"], expr, "instant", frozenset({label}))
    for annotation in board["annotations"]["list"]:
        shown = frozenset(_LABEL.findall(annotation["titleFormat"]))
        expr = filled(annotation["target"]["expr"], values)
        yield BoardQuery(uid, annotation["name"], expr, "range", shown)
    for panel in board["panels"]:
        for target in panel.get("targets") or ():
            yield _query(uid, panel, target, values)


def _query(uid: str, panel: Board, target: Board, values: Mapping[str, str]) -> BoardQuery:
    expr = filled(target["expr"], values, target.get("interval", SHORTEST))
    kind: Kind = "instant" if target.get("instant") else "range"
    return BoardQuery(uid, panel["title"], expr, kind, _shown(panel, target))


def _shown(panel: Board, target: Board) -> frozenset[str]:
    if panel["type"] == "geomap":
        return frozenset({"latitude", "longitude"})
    named = frozenset(_LABEL.findall(target.get("legendFormat", "")))
    for each in panel.get("transformations") or ():
        if each["id"] == "organize":
            named |= {name for name in each["options"]["renameByName"] if not name.startswith("Value")}
    return named


def _unanswered(asked: Sequence[BoardQuery], ask: Ask) -> Iterator[Unanswered]:
    seen: dict[tuple[str, str], set[str]] = {}
    tables = [query for query in asked if query.kind == "instant"]
    for query in asked:
        found = [set(series["metric"]) for series in ask(query)]
        common = set.intersection(*found) if found else set()
        if not found:
            yield Unanswered(query, "no series")
        elif query.kind == "range" and (missing := query.labels - common):
            yield Unanswered(query, f"series without {', '.join(sorted(missing))}")
        seen.setdefault((query.board, query.panel), set()).update(common)
    for query in dict.fromkeys(tables):
        if missing := query.labels - seen[query.board, query.panel]:
            yield Unanswered(query, f"no column has {', '.join(sorted(missing))}")


def _variables(board: Board) -> Iterator[Board]:
    return (each for each in board["templating"]["list"] if each["type"] == "query")


def _chosen_from(query: str) -> tuple[str, str]:
    match = _LABEL_VALUES.fullmatch(query)
    if match is None:
        raise UnusableError(f"a variable is chosen from label_values(SELECTOR, LABEL), not from {query}")
    return match[1], match[2]


def _seconds(span: str) -> int:
    match = _SPAN.fullmatch(span)
    if match is None:
        raise UnusableError(f"'{span}' is no span of time")
    return int(match[1]) * _SECONDS[match[2]]


def _asked(url: str, parameters: Mapping[str, str]) -> Sequence[Sample]:
    try:
        with urlopen(url, urlencode(parameters).encode(), timeout=PATIENCE) as answer:  # noqa: S310 - http
            found: Sequence[Sample] = json.load(answer)["data"]["result"]
    except (OSError, ValueError, KeyError) as exc:
        raise UnusableError(f"{url} has no answer to {parameters['query']}: {exc}") from exc
    return found
