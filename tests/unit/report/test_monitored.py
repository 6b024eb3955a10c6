"""What is asked of Prometheus for a period, and what of its answers counts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from infra_ctl.errors import UnusableError
from infra_ctl.report.monitored import QUERIES, STEPS, Series, monitored
from infra_ctl.report.period import period
from infra_ctl.report.readings import Seen

RULES = Path(__file__).parents[3] / "exporters/rules"
HALF = period("2026H2")
AFTER = datetime(2027, 1, 10)


class Asked:
    """A Prometheus of few words."""

    def __init__(self, **answers: Sequence[Series]) -> None:
        self.answers = answers
        self.questions: list[tuple[str, datetime]] = []

    def __call__(self, expression: str, at: datetime) -> Sequence[Series]:
        self.questions.append((expression, at))
        if expression.startswith("count_over_time"):
            return [(labels, 92) for labels, _ in self(expression.removeprefix("count_over_time(")[:-1], at)]
        return next((found for word, found in self.answers.items() if word in expression), [])


def test_the_whole_period_is_asked_for_at_its_end() -> None:
    asked = Asked()
    monitored(asked, HALF, AFTER)
    assert ("1 - avg_over_time(circuit:unavailable:bool_avg1d[4416h:1d])", HALF.until) in asked.questions
    assert len(asked.questions) == 2 * len(QUERIES) + len(QUERIES)  # a count asks what it counts, here


def test_of_a_period_that_runs_what_has_passed_is_asked() -> None:
    asked = Asked()
    now = datetime(2026, 7, 2, 17)
    monitored(asked, HALF, now)
    assert {at for _, at in asked.questions} == {now}
    assert all("[48h:" in expression for expression, _ in asked.questions)


def test_of_the_two_ways_of_a_circuit_the_fuller_one_counts() -> None:
    ways: list[Series] = [
        ({"circuit": "nk-1", "direction": "to_site"}, 0.4),
        ({"circuit": "nk-1", "direction": "from_site"}, 0.7),
        ({"circuit": "om-1"}, math.nan),
        ({}, 0.9),
    ]
    found = monitored(Asked(traffic_load=ways), HALF, AFTER)
    assert found.values["circuits-load"] == {"nk-1": Seen(0.7, 92)}


def test_nobody_to_ask_and_no_answer_have_causes() -> None:
    def dead(_expression: str, _at: datetime) -> Sequence[Series]:
        raise UnusableError("http://192.0.2.1:9090: Connection refused")

    for ask, said in ((None, "no Prometheus"), (dead, "Connection refused")):
        found = monitored(ask, HALF, AFTER)
        assert found.values == {}
        assert found.cause is not None
        assert said in found.cause.en


def test_a_period_that_has_not_begun() -> None:
    asked = Asked()
    found = monitored(asked, HALF, datetime(2026, 6, 1))
    assert (asked.questions, dict(found.values)) == ([], {})
    assert found.cause is not None


def test_what_is_asked_for_is_promql() -> None:
    from promql_parser import parse

    asked = Asked()
    monitored(asked, HALF, AFTER)
    for expression, _ in asked.questions:
        parse(expression)


def test_what_is_asked_for_is_recorded_by_the_rules() -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.yml"))
    for _, _, series in QUERIES.values():
        for name in re.findall(r"[a-z_0-9]+:[a-z_0-9:]+", series):
            assert f"record: {name}\n" in rules
    assert set(STEPS) <= set(QUERIES)
