"""Runs of devices and hosts together: aborted, gone on with and taken back as one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from infra_ctl.change.operations import File
from infra_ctl.cli.exits import Exit
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.hosts.roles.base import base
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Order
from tests.unit.cli.conftest import Command, Said
from tests.unit.cli.test_hosts import ends, run_of
from tests.unit.watched_hosts import WatchedHosts, instead_of_hosts

APP, NTP, WARD = "dc-app-1", "dc-ntp-1", "nk-an-hoa-ce1"
THERE = (NTP, APP)
BOTH = f"host={APP} or host={NTP} or {WARD}"
MOTD = File(id="base/motd", path="/etc/motd", text="new\n")


@pytest.fixture
def hosts(infra_ctl: Command, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> WatchedHosts:
    """A ward, a time server and who asks it, all as intended, and then a change of all three."""
    there = instead_of_hosts(monkeypatch, *THERE)
    everything = infra_ctl("deploy", "--yes")
    assert everything.code == Exit.DONE, everything
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: (MOTD,)))
    circuits = small_folder / "circuits.csv"
    text = circuits.read_text(encoding="utf-8")
    narrow, wide = (f"nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,{mbps}" for mbps in (50, 80))
    assert text.count(narrow) == 1
    circuits.write_text(text.replace(narrow, wide), encoding="utf-8")
    return there


@pytest.fixture
def aborted(infra_ctl: Command, hosts: WatchedHosts, tmp_path: Path) -> Said:
    """A run that somebody at another terminal aborts while its first host is under way."""

    def abort(_part: str) -> None:
        hosts.after = lambda _part: None
        with closing(open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")) as journal:
            journal.give_order(journal.runs()[0].id, Order.ABORT)

    hosts.after = abort
    said = infra_ctl("deploy", BOTH, "--yes")
    assert (said.code, ends(said)) == (Exit.PARTIAL, [WARD, NTP]), said
    assert "aborted  no other wave is begun\n" in said.out
    assert "1 confirmed · 1 done · 1 not started · run " in said.out
    return said


def has_motd(hosts: WatchedHosts) -> list[str]:
    return [name for name in THERE if MOTD.path in hosts.machines[name].files]


def test_an_aborted_run_is_gone_on_with(infra_ctl: Command, hosts: WatchedHosts, aborted: Said) -> None:
    resumed = infra_ctl("resume", run_of(aborted), "--yes")
    assert (resumed.code, ends(resumed)) == (Exit.DONE, [APP]), resumed
    assert "1 confirmed · 2 done · run " in resumed.out
    assert infra_ctl("deploy", BOTH, "--yes").out.startswith("no changes (1 device, 2 hosts, ")


def test_an_aborted_run_is_taken_back_as_far_as_it_came(
    infra_ctl: Command, hosts: WatchedHosts, aborted: Said
) -> None:
    assert has_motd(hosts) == [NTP]
    back = infra_ctl("rollback", run_of(aborted), "--yes")
    assert (back.code, sorted(ends(back))) == (Exit.DONE, [NTP, WARD]), back
    assert has_motd(hosts) == []
    again = infra_ctl("rollback", run_of(aborted), "--yes")
    assert (again.code, "nothing of it is left" in again.err) == (Exit.REFUSED, True)
    planned = infra_ctl("plan", BOTH)
    assert "0 unchanged · 3 to change · 0 failed\n" in planned.out


def test_a_rollback_that_stops_at_a_host_is_gone_on_with(infra_ctl: Command, hosts: WatchedHosts) -> None:
    run = run_of(infra_ctl("deploy", BOTH, "--yes"))
    assert has_motd(hosts) == [NTP, APP]
    hosts.faults[NTP] = HostFault(fails_at=MOTD.id, cause="read-only file system")
    hosts.faults[APP] = HostFault(fails_at=MOTD.id, cause="read-only file system")
    back = infra_ctl("rollback", run, "--yes")
    assert back.code == Exit.FAILED, back
    assert "read-only file system · STOPPED" in back.out
    hosts.faults.clear()
    resumed = infra_ctl("resume", run_of(back), "--yes")
    assert resumed.code == Exit.DONE, resumed
    assert has_motd(hosts) == []
    assert "nothing of it is left" in infra_ctl("rollback", run, "--yes").err
    assert infra_ctl("rollback", run_of(back), "--yes").code == Exit.DONE, "what was taken back comes again"
    assert infra_ctl("deploy", BOTH, "--yes").out.startswith("no changes (1 device, 2 hosts, ")


def test_a_part_of_a_run_is_taken_back_and_then_the_rest(infra_ctl: Command, hosts: WatchedHosts) -> None:
    run = run_of(infra_ctl("deploy", BOTH, "--yes"))
    hosts.faults[NTP] = HostFault(unreachable=True)
    first = infra_ctl("rollback", run, "--yes")
    assert (first.code, has_motd(hosts)) == (Exit.PARTIAL, [NTP]), first
    assert f"left    infra-ctl rollback {run}      1 host behind them\n" in first.out
    hosts.faults.clear()
    second = infra_ctl("rollback", run, "--yes")
    assert (second.code, ends(second), has_motd(hosts)) == (Exit.DONE, [NTP], []), second
    assert f"left    {APP} {WARD}: run {run} was taken back already" in second.out


def test_what_somebody_does_to_a_host_after_it_was_done_is_not_undone_by_a_resume(
    infra_ctl: Command, hosts: WatchedHosts, aborted: Said
) -> None:
    by_hand = MOTD.model_copy(update={"text": "by hand\n"})
    hosts.bring(NTP, [by_hand])
    resumed = infra_ctl("resume", run_of(aborted), "--yes")
    assert resumed.code == Exit.FAILED
    assert hosts.machines[NTP].files[MOTD.path] == by_hand
    shown = infra_ctl("show", "run", run_of(aborted)).out
    assert "changed since it was done: plan again" in shown
