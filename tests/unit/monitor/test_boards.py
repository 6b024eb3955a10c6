"""Queries of a board with its variables put in, and what is told of answers that do not come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from infra_ctl.errors import UnusableError
from infra_ctl.monitor.boards import BoardQuery, Sample, asking, filled, queries, unanswered

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
    "targets": [{"expr": "loss", "instant": True}, {"expr": "delay", "instant": True}],
    "transformations": [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"renameByName": NAMED}},
    ],
}
CHOICE = {"type": "query", "name": "site", "query": {"query": 'label_values(info{pop=~"$pop"}, site)'}}
BOARD: dict[str, Any] = {
    "uid": "city",
    "templating": {"list": [{"type": "datasource", "name": "datasource"}, CHOICE]},
    "annotations": {"list": []},
    "panels": [{"type": "row", "title": "Now"}, GRAPH, TABLE],
}


def answering(**answers: Sequence[dict[str, str]]) -> Any:
    """One that knows what comes of an expression that begins with a name."""

    def ask(query: BoardQuery) -> Sequence[Sample]:
        found = next((sets for name, sets in answers.items() if query.expr.startswith(name)), ())
        return [{"metric": labels} for labels in found]

    return ask


ALL = {
    "group": [{"site": "dc"}],
    "rate": [{"site": "dc", "family": "ipv4"}],
    "loss": [{"site": "dc"}],
    "delay": [{"site": "dc", "owner": "x"}],
}


def test_queries_are_as_grafana_would_send_them() -> None:
    choice, graph, loss, delay = queries(BOARD, {"site": "dc"})
    assert choice.expr == 'group by (site) (info{pop=~".*"})'
    assert graph.expr == 'rate(lost{site=~"dc", pop=~".*"}[240s])'
    assert (graph.kind, graph.labels) == ("range", {"site", "family"})
    assert (loss.kind, delay.kind, loss.labels) == ("instant", "instant", {"site", "owner"})
    assert str(delay) == "city: Sites: delay"


def test_a_table_has_the_labels_of_any_of_its_columns() -> None:
    assert unanswered(BOARD, {}, answering(**ALL)) == ()
    poor = {**ALL, "delay": [{"site": "dc"}]}
    assert [str(each) for each in unanswered(BOARD, {}, answering(**poor))] == [
        "city: Sites: loss: no column has owner",
        "city: Sites: delay: no column has owner",
    ]


def test_a_label_is_to_be_on_each_series_and_an_empty_answer_is_told() -> None:
    mixed = {**ALL, "rate": [{"site": "dc", "family": "ipv4"}, {"site": "bk"}], "loss": []}
    assert [each.why for each in unanswered(BOARD, {}, answering(**mixed))] == [
        "series without family",
        "no series",
    ]


def test_what_cannot_be_asked_is_a_line() -> None:
    with pytest.raises(UnusableError, match="is no variable of Grafana's"):
        filled("up[$__intervall]", {})
    with pytest.raises(UnusableError, match="'soon' is no span of time"):
        filled("up", {}, "soon")
    odd = {**BOARD, "templating": {"list": [{**CHOICE, "query": {"query": "query_result(up)"}}]}}
    with pytest.raises(UnusableError, match="not from query_result"):
        queries(odd, {})
    with pytest.raises(UnusableError, match=r"http://127\.0\.0\.1:1/api/v1/query has no answer to loss"):
        asking("http://127.0.0.1:1", 0)(queries(BOARD, {})[2])
