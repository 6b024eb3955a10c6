"""`infra-ctl drain`: the hold and the device say the same, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.drivers.embedded import Fault
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_deploy_command import Faults, faults  # noqa: F401 - a fixture

POP = "nk-pop1"
DRAIN = ("drain", POP, "--reason", "fibre work", "--until", "2099-12-01", "--yes")
HELD = "held    nk-pop1: drain until 2099-12-01: fibre work\n"


@pytest.fixture
def holds(small_folder: Path) -> Path:
    return small_folder / "holds.yaml"


def test_a_device_is_drained_stays_so_and_is_given_back(infra_ctl: Command, holds: Path) -> None:
    infra_ctl("deploy", "--yes")
    said = infra_ctl(*DRAIN, "--ticket", "CT-812")
    assert said.code == Exit.DONE, said
    assert said.out.startswith("no other way  nk-an-hoa-ce1: still reached through nk-pop1\n")
    assert HELD in said.out
    assert "+  ip ospf cost 65535" in said.out
    assert "+  ipv6 ospf6 cost 65535" in said.out
    assert "+  bgp graceful-shutdown" in said.out
    run = infra_ctl("runs", "--output", "json").json[0]
    assert (run["kind"], run["reason"], run["ticket"]) == ("drain", "fibre work", "CT-812")
    assert "nk-pop1" in holds.read_text()

    said = infra_ctl("deploy")
    assert said.out.startswith(f"{HELD}no changes (10 devices, ")
    assert infra_ctl("plan", "--output", "json").json["held"] == [HELD.strip().removeprefix("held    ")]

    said = infra_ctl("drain", POP, "--undo", "--yes")
    assert said.code == Exit.DONE, said
    assert "-  ip ospf cost 65535" in said.out
    assert holds.read_text() == "holds: []\n"
    assert infra_ctl("deploy").out.startswith("no changes (10 devices, ")


def test_a_drain_that_does_not_come_about_leaves_no_hold_behind(
    infra_ctl: Command,
    holds: Path,
    faults: Faults,  # noqa: F811 - the fixture
) -> None:
    infra_ctl("deploy", "--yes")
    before = holds.read_bytes()
    for fault, code in ((Fault(unreachable=True), Exit.REFUSED), (Fault(rejects="no"), Exit.FAILED)):
        faults[POP] = fault
        said = infra_ctl(*DRAIN)
        assert (said.code, holds.read_bytes()) == (code, before)
        assert "holds.yaml is as it was\n" in said.out
    faults.clear()
    assert infra_ctl(*DRAIN, "--dry-run").code == Exit.DONE
    assert infra_ctl(*DRAIN[:-1]).code == Exit.USAGE, "nobody is there to answer"
    assert holds.read_bytes() == before


def test_an_undo_that_does_not_come_about_leaves_the_hold(
    infra_ctl: Command,
    holds: Path,
    faults: Faults,  # noqa: F811 - the fixture
) -> None:
    infra_ctl("deploy", "--yes")
    infra_ctl(*DRAIN)
    before = holds.read_bytes()
    faults[POP] = Fault(rejects="no")
    said = infra_ctl("drain", POP, "--undo", "--yes")
    assert (said.code, holds.read_bytes()) == (Exit.FAILED, before)


def test_what_cannot_be_meant_is_a_usage_error(infra_ctl: Command, holds: Path) -> None:
    for words, why in (
        (("drain", "nk-pop9", "--reason", "x"), "there is no device 'nk-pop9' (did you mean 'nk-pop1'?)"),
        (("drain", POP), "say why with --reason"),
        (("drain", POP, "--reason", "x", "--until", "2020-01-01"), "--until 2020-01-01 is over"),
        (("drain", POP, "--undo"), "nk-pop1 is not drained: holds.yaml has no such hold"),
    ):
        said = infra_ctl(*words)
        assert said.code == Exit.USAGE, said
        assert why in said.err
    assert holds.read_text() == "holds: []\n"


def test_a_hold_that_is_over_is_a_problem_and_no_obstacle(infra_ctl: Command, holds: Path) -> None:
    holds.write_text("holds:\n- {object: nk-pop1, effect: drain, reason: old, until: 2020-01-01}\n")
    said = infra_ctl("check")
    assert said.code == Exit.USAGE
    assert f"{holds}:2:56: this hold ended on 2020-01-01" in said.err
    assert infra_ctl("plan").code == Exit.DONE


def test_a_rollback_of_a_drain_says_what_would_bring_it_back(infra_ctl: Command, holds: Path) -> None:
    infra_ctl("deploy", "--yes")
    infra_ctl(*DRAIN)
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    assert "drain nk-pop1 --undo" in infra_ctl("rollback", run, "--dry-run").out
