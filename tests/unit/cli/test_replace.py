"""`infra-ctl replace`: what it refuses, and a second time, after the first one was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from infra_ctl import plan as planning
from infra_ctl.cli import context, devices
from infra_ctl.cli.exits import Exit
from infra_ctl.drivers import ssh
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Purpose, Run, RunState, Step, StepState
from infra_ctl.journal.store import Journal
from tests.unit.cli.conftest import Command

WARD = "nk-an-hoa-ce1"
KEY = paramiko.RSAKey.generate(1024)


@pytest.fixture
def live(infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A deployed simulated city whose devices show a host key, as live ones do."""
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    (tmp_path / "var/embedded/no-known-hosts").touch()
    simulated: Callable[..., context.Context] = context._KINDS["embedded"]
    monkeypatch.setitem(context._KINDS, "live", lambda *where: replace(simulated(*where), kind="live"))
    monkeypatch.setattr(devices, "fleet", lambda where, city, _pins=None: devices._embedded(where, city))
    monkeypatch.setattr(ssh, "offered_key", lambda _way: KEY)
    monkeypatch.setenv("INFRA_CTL_CONTEXT", "live")
    return infra_ctl


@pytest.fixture
def journal(live: Command, tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")
    yield opened
    opened.close()


@pytest.fixture
def run(journal: Journal) -> Run:
    """A replacement that was killed while it confirmed."""
    left = journal.start_run(
        Purpose("replace", "live", "", "", ""),
        lambda run: [Step(run, WARD, 1, StepState.WAITING, "", "", "day 0", "")],
    )
    journal.record(left.id, WARD, StepState.CONFIRMING)
    journal.finish_run(left.id, RunState.KILLED, "")
    return left


def test_what_a_killed_replacement_did_is_settled_by_the_next_one(
    live: Command, journal: Journal, run: Run
) -> None:
    assert f"run {run.id} is not over" in live("rollback", run.id, "--yes").err

    said = live("replace", WARD, "--yes", "--host-key", KEY.fingerprint)
    assert said.code == Exit.DONE, said
    *_, settled, pinned = said.out.splitlines()
    assert settled == f"settled run {run.id}, which was left: confirmed"
    assert pinned.startswith(f"no changes; pinned {KEY.fingerprint} in ")
    assert "is not over" not in live("rollback", run.id, "--yes").err
    assert journal.run(run.id).state is RunState.DONE


def test_a_timer_that_is_too_short_settles_nothing(
    live: Command, journal: Journal, run: Run, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuits = small_folder / "circuits.csv"
    text = circuits.read_text(encoding="utf-8")
    assert text.count("nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,50,") == 1
    circuits.write_text(
        text.replace("ce1/eth0,tslcd-2,l2,VNPT,50,1500,south", "ce1/eth0,tslcd-2,l2,VNPT,80,1500,south"),
        encoding="utf-8",
    )
    monkeypatch.setattr(planning, "soak", lambda _running, _to_be: 41)
    new = ("replace", WARD, "--yes", "--host-key", KEY.fingerprint)
    said = live(*new, "--timer", "49")
    assert (said.code, "--timer 49 is too short" in said.err) == (Exit.USAGE, True), said
    assert journal.steps(run.id)[0].state is StepState.CONFIRMING
    assert "settled" in live(*new, "--timer", "50").out


def test_what_is_refused_of_any_plan_is_refused_here(live: Command, small_folder: Path) -> None:
    entry = "- {device: nk-pop1, line: 'interface eth11 / ip ospf passive', reason: a test}\n"
    (small_folder / "unmanaged.yaml").write_text(f"unmanaged:\n{entry}claimed: []\n", encoding="utf-8")
    new = ("replace", "nk-pop1", "--yes", "--host-key", KEY.fingerprint)
    said = live(*new)
    assert said.code == Exit.REFUSED, said
    why = "nk-pop1/eth11 is passive: nothing was done. To do it all the same: --may-cut"
    assert said.err.splitlines()[-1].endswith(why)
    assert live(*new, "--max-fail", "1").code == Exit.USAGE, "it is one device"
    assert live("runs", "--output", "json").json[0]["kind"] == "deploy"
