"""Controls and exhibits to findings."""

from __future__ import annotations

from collections.abc import Mapping

from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.judging import QUOTED, Asked, judge, rules
from infra_ctl.controls.model import Control, Law
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import TAKEN, exhibit


def findings(
    shipped: Mapping[str, Law], shown: Exhibit, level: int, means: str = "nk-cai-khe-ce1"
) -> dict[str, Finding]:
    def question(control: Control) -> object:
        return lambda name: control.where is None or name == means

    by = rules(shipped.values(), question)[shown.kind]  # type: ignore[arg-type]
    return {
        f"{each.law}/{each.control}": each
        for each in judge(Asked(shown.kind, shown.object, level), shown, by)
    }


def test_controls_of_machines_are_asked_of_devices_and_of_hosts(shipped: Mapping[str, Law]) -> None:
    for kind in ("device", "host"):
        assert "tcvn-14423-2026/LOG-01" in findings(shipped, exhibit(kind, {}), 3)
    assert "tcvn-14423-2026/LOG-01" not in findings(shipped, exhibit("site", {}), 3)


def test_whom_a_control_does_not_mean_it_says_nothing_of(shipped: Mapping[str, Law]) -> None:
    shown = exhibit("host", {})
    assert "tcvn-14423-2026/LOG-03" in findings(shipped, shown, 3)
    assert "tcvn-14423-2026/LOG-03" not in findings(shipped, shown, 3, means="another")


def test_a_finding_says_what_was_asked_and_what_proves_it(shipped: Mapping[str, Law]) -> None:
    shown = exhibit("host", {"log.kept": "30d"})
    found = findings(shipped, shown, 3)["tcvn-14423-2026/LOG-03"]
    assert (found.level, found.threshold, found.verdict) == (3, "90d", Verdict.FAIL)
    assert [str(line) for line in found.lines] == ["log.kept:1: 30d"]
    assert (found.taken, found.severity) == (TAKEN, "high")
    assert (found.law, found.kind, found.object) == ("tcvn-14423-2026", "host", "nk-cai-khe-ce1")
    assert findings(shipped, shown, 2)["tcvn-14423-2026/LOG-03"].verdict is Verdict.PASS


def test_a_level_that_asks_nothing_is_skipped_with_why(shipped: Mapping[str, Law]) -> None:
    found = findings(shipped, exhibit("host", {"log.kept": "1d"}), 1)["tcvn-14423-2026/LOG-03"]
    assert (found.verdict, found.threshold) == (Verdict.SKIP, "")
    assert found.reasons[0].en == "Nothing is asked at this level."


def test_what_does_not_apply_is_skipped_with_its_line(shipped: Mapping[str, Law]) -> None:
    found = findings(shipped, exhibit("host", {"machine.virtual": "true"}), 3)["tcvn-14423-2026/NET-07"]
    assert (found.verdict, found.reasons[0].en) == (Verdict.SKIP, "It does not apply to this object.")
    assert str(found.lines[0]) == "machine.virtual:1: true"


def test_whether_it_applies_must_be_known(shipped: Mapping[str, Law]) -> None:
    found = findings(shipped, exhibit("host", {"network.cards": ["eth0", "eth1"]}), 3)
    assert found["tcvn-14423-2026/NET-07"].verdict is Verdict.ERROR


def test_a_finding_quotes_some_lines_and_counts_the_others(shipped: Mapping[str, Law]) -> None:
    open_to = [f"192.0.2.{number}/32" for number in range(QUOTED + 5)]
    found = findings(shipped, exhibit("device", {"ssh.outside": open_to}), 3)["tcvn-14423-2026/NET-10"]
    assert (len(found.lines), found.unquoted) == (QUOTED, 5)
