"""`infra-ctl replace`: what it refuses, and a second time, after the first one was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pytest

from infra_ctl import plan as planning
from infra_ctl.cli import devices
from infra_ctl.cli.exits import Exit
from infra_ctl.context import Context, named
from infra_ctl.drivers import ssh
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.drivers.hosts import HostWork
from infra_ctl.hosts.state import OPENINGS
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Purpose, Run, RunState, Step, StepState
from infra_ctl.journal.store import Journal
from tests.unit.cli.conftest import Command
from tests.unit.watched_hosts import WatchedHosts, instead_of_hosts

WARD = "nk-an-hoa-ce1"
KEY = paramiko.RSAKey.generate(1024)


@pytest.fixture
def live(infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A deployed simulated city whose devices show a host key, as live ones do."""
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    (tmp_path / "var/embedded/no-known-hosts").touch()
    simulated: Callable[..., Context] = named._KINDS["embedded"]
    monkeypatch.setitem(named._KINDS, "live", lambda *where: replace(simulated(*where), kind="live"))
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
    *_, settled, left, pinned = said.out.splitlines()
    assert settled == f"settled run {run.id}, which was left: confirmed"
    assert left == f"go on   infra-ctl deploy {WARD}     {WARD}/host is as it left the workshop"
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
    done = live(*new, "--timer", "50").out
    assert "settled" in done
    assert f"{WARD}/host is as it left the workshop" in done


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


HOST = "dc-ntp-1"
ADDRESS = "10.20.0.16"


@pytest.fixture
def hosts(live: Command, monkeypatch: pytest.MonkeyPatch) -> WatchedHosts:
    """A host that was deployed once, and is as its installer leaves it again."""
    there = instead_of_hosts(monkeypatch, HOST)
    assert live("deploy", HOST, "--yes").code == Exit.DONE
    there.machines.clear()
    there.log.clear()
    return there


def test_until_it_is_done_its_key_is_trusted_for_this_run_alone(
    live: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted: list[str] = []
    apply = WatchedHosts.apply

    def noted(there: WatchedHosts, works: Iterable[HostWork], **options: Any) -> Any:
        works = list(works)
        trusted.extend(each.connection.known_hosts.read_text(encoding="utf-8") for each in works)
        return apply(there, works, **options)

    monkeypatch.setattr(WatchedHosts, "apply", noted)
    assert live("replace", HOST, "--yes", "--host-key", KEY.fingerprint).code == Exit.DONE
    assert trusted == [f"{ADDRESS} {KEY.get_name()} {KEY.get_base64()}\n"]


def pinned(tmp_path: Path) -> str:
    return (tmp_path / "var/embedded/no-known-hosts").read_text(encoding="utf-8")


def test_a_host_that_was_installed_anew_is_pinned_once_it_is_done(
    live: Command, hosts: WatchedHosts, tmp_path: Path
) -> None:
    new = ("replace", HOST, "--yes", "--host-key", KEY.fingerprint)
    refused = live("replace", HOST, "--yes", "--host-key", "SHA256:another")
    assert (refused.code, hosts.log) == (Exit.REFUSED, [])
    hosts.faults[HOST] = HostFault(fails_at=OPENINGS, cause="no space left on device")
    stopped = live(*new)
    assert (stopped.code, pinned(tmp_path)) == (Exit.FAILED, ""), stopped
    assert f"go on   infra-ctl replace {HOST}\n" in stopped.out
    (run, *_) = live("runs", "--output", "json").json
    assert live("resume", run["id"], "--yes").err.endswith(f"not pinned yet: infra-ctl replace {HOST}\n")
    hosts.faults.clear()
    done = live(*new)
    assert done.code == Exit.DONE, done
    assert "pinned  none\n" in done.out
    assert f"pinned  {KEY.fingerprint} in " in done.out
    assert pinned(tmp_path) == f"{ADDRESS} {KEY.get_name()} {KEY.get_base64()}\n"
    (run, *_) = live("runs", "--output", "json").json
    assert (run["kind"], run["state"]) == ("replace", "done")
    refused = live("rollback", run["id"], "--yes")
    assert "it was never as intended" in refused.err, "what was there before it was another system"
    again = live(*new)
    assert (again.code, f"{HOST} shows the host key that is pinned" in again.err) == (Exit.REFUSED, True)


def test_a_host_whose_replacement_was_killed_has_its_end_in_it_once_it_is_replaced_again(
    live: Command, hosts: WatchedHosts, journal: Journal
) -> None:
    left = journal.start_run(
        Purpose("replace", "live", "", "", ""),
        lambda run: [Step(run, HOST, 1, StepState.WAITING, "", "", "", "")],
    )
    journal.record(left.id, HOST, StepState.APPLYING)
    journal.finish_run(left.id, RunState.KILLED, "")
    said = live("replace", HOST, "--yes", "--host-key", KEY.fingerprint)
    assert said.code == Exit.DONE, said
    assert f"settled run {left.id}, which was left: unknown\n" in said.out
    assert journal.steps(left.id)[0].state is StepState.UNKNOWN


def test_only_what_is_there_is_replaced(live: Command, hosts: WatchedHosts) -> None:
    new = ("--yes", "--host-key", KEY.fingerprint)
    assert "live has no host dc-app-1" in live("replace", "dc-app-1", *new).err
    part = live("replace", f"{WARD}/host", *new)
    why = f"{WARD}/host has no host key of its own: infra-ctl replace {WARD}\n"
    assert (part.code, part.err.endswith(why)) == (Exit.USAGE, True), part
    unknown = live("replace", "dc-ntp-9", *new)
    assert (unknown.code, "there is no device and no host 'dc-ntp-9'" in unknown.err) == (Exit.USAGE, True)
