"""Queries of a board with its variables put in, and what is told of answers that do not come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from infra_ctl.errors import UnusableError
from infra_ctl.monitor.boards import BoardQuery, Sample, asking, filled, missed, queries, unanswered

GRAPH = {
    "type": "timeseries",
    "title": "Loss",
    "targets": [
        {
            "expr": 'rate(lost{site=~"$site", pop=~"${pop}"}[$__rate_interval])',
            "interval": "1m",
            "legendFormat": "{{site}} {{ family }}",
        }
    ],
}
NAMED = {"site": "Site", "owner": "Owner", "Value #A": "Loss", "Value #B": "Delay"}
TABLE = {
    "type": "table",
    "title": "Sites",
    "fieldConfig": {
        "overrides": [
            {"matcher": {"options": "Delay"}, "properties": [{"id": "noValue", "value": "not asked"}]}
        ],
    },
    "targets": [
        {"expr": "loss", "instant": True, "refId": "A"},
        {"expr": "delay", "instant": True, "refId": "B"},
    ],
    "transformations": [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"renameByName": NAMED}},
    ],
}
MAP = {
    "type": "geomap",
    "title": "Where",
    "fieldConfig": {"defaults": {"noValue": "nowhere"}},
    "targets": [
        {"expr": f"{ref}_of_it", "instant": True, "refId": ref} for ref in ("nodes", "edges", "points")
    ],
}
CHOICE = {"type": "query", "name": "site", "query": {"query": 'label_values(info{pop=~"$pop"}, site)'}}
BOARD: dict[str, Any] = {
    "uid": "city",
    "templating": {"list": [{"type": "datasource", "name": "datasource"}, CHOICE]},
    "annotations": {"list": []},
    "panels": [{"type": "row", "title": "Now"}, GRAPH, TABLE, MAP],
}


def answering(**answers: Sequence[dict[str, str]]) -> Any:
    """One that knows what comes of an expression that begins with a name; `is` is a series' value, else 1."""

    def ask(query: BoardQuery) -> Sequence[Sample]:
        found = next((sets for name, sets in answers.items() if query.expr.startswith(name)), ())
        return [_sample(query, dict(labels)) for labels in found]

    return ask


def _sample(query: BoardQuery, labels: dict[str, str]) -> Sample:
    value = [0, labels.pop("is", "1")]
    return {"metric": labels, **({"values": [value]} if query.kind == "range" else {"value": value})}


PLACE = {"latitude": "10.1", "longitude": "105.7"}
ROW = {"site": "dc", "owner": "x"}
ALL = {
    "group": [{"site": "dc"}],
    "rate": [{"site": "dc", "family": "ipv4"}, {"site": "dc", "family": "ipv6"}],
    "loss": [ROW],
    "delay": [ROW, {"site": "bk", "owner": "x", "is": "NaN"}],
    "nodes": [PLACE | {"id": "dc"}],
    "edges": [{"source": "dc", "target": "bk", "circuit": "bk-1"}],
    "points": [PLACE | {"site": "dc"}],
}


def told(**answers: Sequence[dict[str, str]]) -> list[str]:
    return [str(each) for each in unanswered(BOARD, {}, answering(**{**ALL, **answers}))]


def test_queries_are_as_grafana_would_send_them() -> None:
    choice, graph, loss, delay, nodes, edges, points = queries(BOARD, {"site": "dc"})
    assert choice.expr == 'group by (site) (info{pop=~".*"})'
    assert graph.expr == 'rate(lost{site=~"dc", pop=~".*"}[240s])'
    assert (graph.kind, graph.labels) == ("range", {"site", "family"})
    assert (loss.kind, delay.kind, loss.labels) == ("instant", "instant", {"site", "owner"})
    assert str(delay) == "city: Sites: delay"
    assert (nodes.labels, points.labels) == ({"id", *PLACE}, set(PLACE))
    assert edges.labels == {"source", "target"}
    assert [each.empty for each in (graph, loss, delay, nodes)] == ["", "", "not asked", "nowhere"]


def test_what_a_query_puts_in_by_itself_is_no_variable() -> None:
    replaced = 'label_replace(up, "id", "$1", "site", "(.+)")'
    assert filled(replaced, {}) == replaced


def test_a_board_that_shows_all_is_not_told_of() -> None:
    assert told() == []


def test_nothing_at_all_is_told_and_a_value_that_is_no_number_is_nothing() -> None:
    assert told(loss=[], rate=[{"site": "dc", "family": "ipv4", "is": "NaN"}]) == [
        'city: Loss: rate(lost{site=~".*", pop=~".*"}[240s]): nothing to show',
        "city: Sites: loss: nothing to show",
    ]


def test_what_may_rightly_be_empty_is_not_missed_and_its_labels_are() -> None:
    nothing = answering(**{**ALL, "delay": [], "points": [{"latitude": "10.1"}], "edges": []})
    assert [each.query.expr for each in unanswered(BOARD, {}, nothing)] == [
        "delay",
        "edges_of_it",
        "points_of_it",
    ]
    assert [str(each) for each in missed(BOARD, {}, nothing)] == [
        "city: Where: points_of_it: series without longitude"
    ]


def test_a_label_that_is_shown_is_on_each_series() -> None:
    (said,) = told(rate=[{"site": "dc", "family": "ipv4"}, {"site": "bk"}])
    assert said.endswith(": series without family")


def test_two_series_of_one_name_are_told() -> None:
    (said,) = told(rate=[{"site": "dc", "family": "ipv4", "class": each} for each in ("default", "video")])
    assert said.endswith(": two series are called 'dc ipv4'")


def test_columns_whose_rows_would_not_be_joined_are_told() -> None:
    assert told(loss=[{"site": "dc"}], delay=[ROW | {"job": "path"}]) == [
        "city: Sites: loss: series without owner",
        "city: Sites: delay: rows are not joined, for job",
    ]


def test_what_cannot_be_asked_is_a_line() -> None:
    with pytest.raises(UnusableError, match="is no variable of Grafana's"):
        filled("up[$__intervall]", {})
    with pytest.raises(UnusableError, match="'soon' is no span of time"):
        filled("up", {}, "soon")
    odd = {**BOARD, "templating": {"list": [{**CHOICE, "query": {"query": "query_result(up)"}}]}}
    with pytest.raises(UnusableError, match="not from query_result"):
        queries(odd, {})
    with pytest.raises(UnusableError, match=r"http://127\.0\.0\.1:1 has no answer to loss"):
        asking("http://127.0.0.1:1", 0)(queries(BOARD, {})[2])
