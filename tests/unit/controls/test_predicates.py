"""The language of controls: three-valued logic, lines, facts, what a level adds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_ctl.controls.exhibit import Exhibit, Fact, Line
from infra_ctl.controls.model import Term
from infra_ctl.controls.predicates import compiled
from infra_ctl.controls.ruling import Ask, Ruling
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import TAKEN, document, exhibit

ASK = Ask(3, "90d")
PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR

FACTS_OF = {"true": "machine.watched", "false": "ids.running", "unknown": "system.waf"}
"""One that holds, one that does not, and one that nobody collected."""
SHOWN = Exhibit(
    "device",
    "nk-pop1",
    TAKEN,
    facts={
        "machine.watched": (Fact(True, Line("up", 1, "up 1")),),
        "ids.running": (Fact(False, Line("systemctl", 2, "inactive")),),
    },
)


def term(**written: Any) -> Term:
    return Term.model_validate(written, by_alias=True, by_name=False)


def ruling(shown: Exhibit, ask: Ask = ASK, **written: Any) -> Ruling:
    return compiled(term(**written))(shown, ask)


def leaf(kind: str) -> dict[str, Any]:
    return {"fact": FACTS_OF[kind], "is": "true"}


TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.sampled_from(sorted(FACTS_OF)).map(leaf),
    lambda inside: (
        st.lists(inside, min_size=1, max_size=4).map(lambda each: {"all": each})
        | st.lists(inside, min_size=1, max_size=4).map(lambda each: {"any": each})
        | inside.map(lambda each: {"not": each})
    ),
    max_leaves=12,
)


def kleene(tree: dict[str, Any]) -> float:
    """1 true, 0 false, ½ not known: `all` is the least, `any` the most, `not` what is left to 1."""
    if "all" in tree:
        return min(map(kleene, tree["all"]))
    if "any" in tree:
        return max(map(kleene, tree["any"]))
    if "not" in tree:
        return 1 - kleene(tree["not"])
    return {"machine.watched": 1, "ids.running": 0, "system.waf": 0.5}[tree["fact"]]


@settings(deadline=None)  # a busy machine is no defect
@given(TREES)
def test_terms_are_kleene_s_logic(tree: dict[str, Any]) -> None:
    assert ruling(SHOWN, **tree).verdict is {1: PASS, 0: FAIL, 0.5: ERROR}[kleene(tree)]


@settings(deadline=None)  # a busy machine is no defect
@given(TREES)
def test_nothing_collected_is_never_a_pass(tree: dict[str, Any]) -> None:
    nothing = Exhibit("device", "nk-pop1", TAKEN)
    assert ruling(nothing, **tree).verdict is ERROR


@settings(deadline=None)  # a busy machine is no defect
@given(TREES)
def test_what_fails_has_a_reason_and_a_line(tree: dict[str, Any]) -> None:
    found = ruling(SHOWN, **tree)
    assert found.lines
    assert bool(found.reasons) == (found.verdict is not PASS)


@pytest.mark.parametrize(
    ("values", "written", "verdict"),
    [
        (["22", "2222"], {"is_not": "22"}, FAIL),
        (["2222"], {"is_not": "22"}, PASS),
        (["22", "2222"], {"is": "22"}, FAIL),
        (["22", "2222"], {"is": "22", "some": True}, PASS),
        (["22"], {"one_of": ["22", "23"]}, PASS),
        (["22", "24"], {"none_of": ["22", "23"]}, FAIL),
        (["5"], {"at_least": "5"}, PASS),
        (["5"], {"above": "5"}, FAIL),
        (["5"], {"at_most": "5"}, PASS),
        (["5"], {"below": "5"}, FAIL),
        (["5"], {"matches": "^5"}, PASS),
        (["5", "6"], {"matches_not": "^5"}, FAIL),
        (["5", "6"], {"count_at_least": "2"}, PASS),
        (["5", "6"], {"count_at_most": "1"}, FAIL),
        ([], {"is": "22"}, PASS),
        ([], {"is": "22", "some": True}, FAIL),
        ([], {"count_at_least": "1"}, FAIL),
    ],
)
def test_a_fact_of_many_is_compared_value_by_value(
    values: list[str], written: dict[str, Any], verdict: Verdict
) -> None:
    assert ruling(exhibit("host", {"ssh.port": values}), fact="ssh.port", **written).verdict is verdict


def test_a_fact_of_one_value_is_not_known_without_it() -> None:
    bare = Exhibit("host", "dc-log-1", TAKEN, facts={"log.kept": ()})
    found = ruling(bare, fact="log.kept", at_least="0d")
    assert (found.verdict, found.reasons[0].en) == (ERROR, "The evidence was not collected.")


def test_the_cause_of_missing_evidence_is_told() -> None:
    gone = exhibit("host", {}, {"log.kept": "no session: timed out", "sshd": "no such file"})
    for written in ({"fact": "log.kept", "at_least": "0d"}, {"lines": "sshd", "forbid": "x"}):
        found = ruling(gone, **written)
        assert (found.verdict, found.reasons[0].en) == (ERROR, "The evidence could not be had.")
    assert str(found.lines[0]) == "sshd: no such file"


@pytest.mark.parametrize("value", ["90d", True, float("nan")])
def test_a_value_of_another_shape_is_an_error(value: str | bool | float) -> None:
    odd = Exhibit("host", "x", TAKEN, facts={"log.kept": (Fact(value, Line("old", 1, "90d")),)})
    for comparison in ("at_least", "at_most", "is", "is_not"):
        found = ruling(odd, fact="log.kept", **{comparison: "30d"})
        assert found.verdict is ERROR
        assert "another version" in found.reasons[0].en


def test_the_threshold_stands_for_level() -> None:
    kept = compiled(term(fact="log.kept", at_least="$level"))
    shown = exhibit("host", {"log.kept": "90d"})
    verdicts = [kept(shown, Ask(3, each)).verdict for each in ("90d", "91d", "89d", "90d")]
    assert verdicts == [PASS, FAIL, PASS, PASS]


def test_what_a_level_adds_is_asked_from_there_on() -> None:
    both = compiled(
        term(
            all=[
                {"fact": "antimalware.running", "is": "true"},
                {"fact": "antimalware.edr", "is": "true", "from": "3"},
            ]
        )
    )
    shown = exhibit("host", {"antimalware.running": "true", "antimalware.edr": "false"})
    assert [both(shown, Ask(level, "true")).verdict for level in (1, 2, 3, 5)] == [PASS, PASS, FAIL, FAIL]


CONFIGURATION = """\
router bgp 65001
 neighbor 10.0.0.1 remote-as 65002
 address-family ipv4 unicast
  neighbor 10.0.0.1 activate
 exit-address-family
exit
!
line vty
 exec-timeout 5 0
"""


@pytest.mark.parametrize(
    ("written", "verdict", "lines"),
    [
        ({"forbid": "remote-as"}, FAIL, ["frr:2: neighbor 10.0.0.1 remote-as 65002"]),
        ({"forbid": "telnet"}, PASS, []),
        ({"require": "exec-timeout"}, PASS, ["frr:9: exec-timeout 5 0"]),
        ({"require": "access-class"}, FAIL, ["frr: the frr of a test"]),
        ({"under": "^router bgp", "require": "activate"}, PASS, ["frr:4: neighbor 10.0.0.1 activate"]),
        ({"under": "^router bgp", "require": "exec-timeout"}, FAIL, ["frr:1: router bgp 65001"]),
        ({"under": "^router bgp", "forbid": "exec-timeout"}, PASS, []),
        ({"under": "^router ospf", "forbid": "."}, PASS, []),
        ({"under": "^router ospf", "require": "."}, FAIL, ["frr: the frr of a test"]),
        ({"under": "^router ospf", "last": "."}, FAIL, ["frr: the frr of a test"]),
        ({"under": "^line vty", "last": "^exec"}, PASS, ["frr:9: exec-timeout 5 0"]),
        ({"under": "^address-family", "last": "^exit"}, FAIL, ["frr:4: neighbor 10.0.0.1 activate"]),
    ],
)
def test_lines_are_quoted_where_they_stand(
    written: dict[str, str], verdict: Verdict, lines: Iterable[str]
) -> None:
    shown = Exhibit("device", "x", TAKEN, {"frr": document("frr", CONFIGURATION)})
    found = ruling(shown, lines="frr", **written)
    assert (found.verdict, [str(line) for line in found.lines]) == (verdict, lines)


def test_a_document_without_lines_lacks_what_is_required() -> None:
    shown = Exhibit("device", "x", TAKEN, {"snmpd": document("snmpd", "")})
    assert ruling(shown, lines="snmpd", forbid="rocommunity").verdict is PASS
    assert ruling(shown, lines="snmpd", require="rouser").verdict is FAIL
    assert ruling(shown, lines="snmpd", last="rouser").verdict is FAIL


def test_what_is_said_is_said() -> None:
    says = {"vi": "Không được.", "en": "Not so."}
    for written in (
        {"fact": "machine.watched", "is": "false"},
        {"not": {"fact": "machine.watched", "is": "true"}},
        {"all": [leaf("false"), leaf("true")]},
        {"any": [leaf("false"), leaf("false")]},
    ):
        assert [reason.en for reason in ruling(SHOWN, says=says, **written).reasons] == ["Not so."]
