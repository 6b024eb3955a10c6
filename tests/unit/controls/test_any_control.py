"""Whatever is written: a control is refused with a place, or judges, and never passes on nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_ctl.controls import loading
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.model import Control
from infra_ctl.controls.predicates import compiled
from infra_ctl.controls.ruling import Ask
from infra_ctl.errors import Problem
from infra_ctl.inventory import tree
from infra_ctl.inventory.records import Entry
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import TAKEN

HOST_FACTS = sorted(name for name, known in FACTS.items() if "host" in known.of)
COMPARISONS = ("is", "is_not", "at_least", "at_most", "above", "below", "matches", "matches_not")
VALUES = st.sampled_from(["true", "no", "3", "90d", "20%", "$level", "^x", "(", "", " "]) | st.none()
LEAVES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {"fact": st.sampled_from(HOST_FACTS)},
        optional=dict.fromkeys((*COMPARISONS, "count_at_least", "some", "from", "under"), VALUES),
    ),
    st.builds(lambda fact, key, value: {"fact": fact, key: value}, st.sampled_from(HOST_FACTS),
              st.sampled_from(COMPARISONS), VALUES),
    st.fixed_dictionaries(
        {"lines": st.sampled_from([*DOCUMENTS, "none"])},
        optional=dict.fromkeys(("require", "forbid", "last", "under", "from"), VALUES),
    ),
    st.just({}),
)  # fmt: skip
TERMS = st.recursive(
    LEAVES,
    lambda inside: (
        st.builds(
            lambda key, each: {key: each}, st.sampled_from(["all", "any"]), st.lists(inside, max_size=3)
        )
        | inside.map(lambda each: {"not": each})
    ),
    max_leaves=6,
)


def control(holds: dict[str, Any]) -> tuple[Control | None, list[Problem]]:
    words = {"vi": "Một", "en": "One"}
    written = {
        "title": words,
        "clause": "none",
        "severity": "low",
        "of": "host",
        "levels": {"2": "90d", "3": "90d"},
        "holds": holds,
        "remediation": words,
    }
    wrongs: list[Problem] = []
    node = tree.parse(json.dumps(written), "own.yaml")
    return loading._control("OWN-01", Entry("own.yaml", (1, 1), node), wrongs), wrongs


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(TERMS)
def test_a_control_is_refused_or_judges(holds: dict[str, Any]) -> None:
    made, wrongs = control(holds)
    assert (made is None) == bool(wrongs)
    assert all(problem.line and problem.column and problem.message for problem in wrongs)
    if made is not None:
        for level in (2, 3):
            found = compiled(made.holds)(Exhibit("host", "x", TAKEN), Ask(level, "90d"))
            assert found.verdict is Verdict.ERROR
