"""What boards ask Prometheus: every query of a board as Grafana would send it, and whether an answer comes.

A metric that was renamed is an empty panel in Grafana, and an error nowhere: so boards are asked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode
from urllib.request import urlopen

from infra_ctl.errors import UnusableError
from infra_ctl.monitor.grafana import EDGES, NODES, SHORTEST, Board

Kind: TypeAlias = Literal["range", "instant"]
Sample: TypeAlias = Mapping[str, Any]
"""One series of an answer, as Prometheus gives it."""
Ask: TypeAlias = Callable[["BoardQuery"], Sequence[Sample]]
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PLACED = frozenset({"latitude", "longitude"})
_MAPPED = {NODES: _PLACED | {"id"}, EDGES: frozenset({"source", "target"})}
"""What is needed of the points and the lines of a network."""
NOTHING = "nothing to show"
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
    legend: str = ""
    """What a series is called, its labels put in."""
    is_column: bool = False
    """Of a table, whose rows are joined by all of their labels."""
    empty: str = ""
    """What is shown while there is nothing, where that may rightly be."""

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
    """Queries that a reader would see nothing of, or not what they name; also where that may rightly be.

    Those have no series or no value, have series without the labels that are shown or that are called alike,
    or are columns whose rows could not be joined with the others.
    """
    return tuple(_unanswered(queries(board, values), ask))


def missed(board: Board, values: Mapping[str, str], ask: Ask) -> tuple[Unanswered, ...]:
    """The same without those that say of themselves that there may be nothing to show."""
    found = unanswered(board, values, ask)
    return tuple(each for each in found if not (each.query.empty and each.why == NOTHING))


def asking(url: str, at: float) -> Ask:
    """Of the Prometheus at this URL, for the quarter of an hour before `at`. Raises UnusableError."""

    def ask(query: BoardQuery) -> Sequence[Sample]:
        try:
            with urlopen(f"{url}{page(query, at)}", timeout=PATIENCE) as answer:  # noqa: S310 - http
                found: Sequence[Sample] = json.load(answer)["data"]["result"]
        except (OSError, ValueError, KeyError) as exc:
            raise UnusableError(f"{url} has no answer to {query.expr}: {exc}") from exc
        return found

    return ask


def page(query: BoardQuery, at: float) -> str:
    """Where Prometheus answers it."""
    if query.kind == "instant":
        return f"/api/v1/query?{urlencode({'query': query.expr, 'time': at})}"
    period = {"start": at - SPAN, "end": at, "step": 15}
    return f"/api/v1/query_range?{urlencode({'query': query.expr, **period})}"


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
    return BoardQuery(
        board=uid,
        panel=panel["title"],
        expr=filled(target["expr"], values, target.get("interval", SHORTEST)),
        kind="instant" if target.get("instant") else "range",
        labels=_shown(panel, target),
        legend=target.get("legendFormat", ""),
        is_column=panel["type"] == "table",
        empty=_empty(panel, target),
    )


def _shown(panel: Board, target: Board) -> frozenset[str]:
    if panel["type"] == "geomap":
        return _MAPPED.get(target.get("refId", ""), _PLACED)
    if panel["type"] == "table":
        return frozenset(name for name in _renamed(panel) if not name.startswith("Value"))
    return frozenset(_LABEL.findall(target.get("legendFormat", "")))


def _empty(panel: Board, target: Board) -> str:
    """What the panel says while there is nothing, or the column of a table."""
    config = panel.get("fieldConfig", {})
    said: str = config.get("defaults", {}).get("noValue", "")
    columns = _renamed(panel)
    column = columns.get(f"Value #{target.get('refId')}", columns.get("Value"))
    for each in config.get("overrides", ()):
        if column is not None and each["matcher"]["options"] == column:
            said = next((own["value"] for own in each["properties"] if own["id"] == "noValue"), said)
    return said


def _renamed(panel: Board) -> Mapping[str, str]:
    """Titles of a table's columns, by the labels and values that they are of."""
    made = (each for each in panel.get("transformations") or () if each["id"] == "organize")
    return next((each["options"]["renameByName"] for each in made), {})


def _unanswered(asked: Sequence[BoardQuery], ask: Ask) -> Iterator[Unanswered]:
    called: dict[tuple[str, str], set[str]] = {}
    for query in asked:
        found = ask(query)
        if why := _nothing(found) or _labelled(query, [set(series["metric"]) for series in found]):
            yield Unanswered(query, why)
        elif query.legend:
            names = called.setdefault((query.board, query.panel), set())
            for series in found:
                if (name := _named(query.legend, series["metric"])) in names:
                    yield Unanswered(query, f"two series are called '{name}'")
                names.add(name)


def _nothing(found: Sequence[Sample]) -> str:
    """Why a reader would see nothing: a value that is not a number is none."""
    values = (value for series in found for _, value in series.get("values") or [series["value"]])
    return "" if any(not math.isnan(float(value)) for value in values) else NOTHING


def _labelled(query: BoardQuery, found: Sequence[set[str]]) -> str:
    if missing := query.labels.difference(set[str].intersection(*found)):
        return f"series without {', '.join(sorted(missing))}"
    if query.is_column and (more := set[str]().union(*found) - query.labels):
        return f"rows are not joined, for {', '.join(sorted(more))}"
    return ""


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return _LABEL.sub(lambda match: labels.get(match[1], ""), legend)


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
