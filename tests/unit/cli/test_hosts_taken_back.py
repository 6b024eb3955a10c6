"""Hosts on the command line: brought back to what they were before a run, and when that is refused."""

from __future__ import annotations

import pytest

from infra_ctl.change.operations import File
from infra_ctl.cli.exits import Exit
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.hosts.roles.base import base
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_hosts import NTP, run_of
from tests.unit.watched_hosts import WatchedHosts, instead_of_hosts


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> WatchedHosts:
    """A host that is nothing yet."""
    return instead_of_hosts(monkeypatch, NTP)


def test_a_rollback_brings_a_host_back_to_what_it_was_last_in_sync_with(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = infra_ctl("deploy", NTP, "--yes")
    before = hosts.machines[NTP].files
    refused = infra_ctl("rollback", run_of(first), "--yes")
    assert refused.code == Exit.REFUSED
    assert "before run" in refused.err
    assert "there is nothing to bring it back to" in refused.err

    extra = File(id="base/motd", path="/etc/motd", text="new\n")
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: (extra,)))
    second = infra_ctl("deploy", NTP, "--yes")
    assert extra.path in hosts.machines[NTP].files
    back = infra_ctl("rollback", run_of(second), "--yes")
    assert back.code == Exit.DONE, back.out + back.err
    assert hosts.machines[NTP].files == before


def test_what_was_on_a_host_before_a_run_is_not_taken_for_what_it_brought(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands it stays; written over, the rollback is refused and says of what."""
    assert infra_ctl("deploy", NTP, "--yes").code == Exit.DONE
    motd, issue = (File(id=f"by/{name}", path=f"/etc/{name}", text="old\n") for name in ("motd", "issue"))
    hosts.bring(NTP, [motd, issue])
    more: list[File] = [motd.model_copy(update={"id": "base/motd"})]
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: tuple(more)))
    more.append(File(id="base/new", path="/etc/new", text="new\n"))
    said = infra_ctl("deploy", NTP, "--yes")
    back = infra_ctl("rollback", run_of(said), "--yes")
    assert back.code == Exit.DONE, back.out + back.err
    assert hosts.machines[NTP].files[motd.path].text == "old\n"
    assert "/etc/new" not in hosts.machines[NTP].files

    more.append(File(id="base/issue", path=issue.path, text="new\n"))
    said = infra_ctl("deploy", NTP, "--yes")
    refused = infra_ctl("rollback", run_of(said), "--yes")
    assert refused.code == Exit.REFUSED, refused.out
    assert f"{NTP}: {issue.path} was there before run {run_of(said)}: nobody kept it" in refused.err
    assert hosts.machines[NTP].files[issue.path].text == "new\n"


def test_a_run_that_stopped_is_not_taken_back_over_a_later_one(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was in sync with before is not what a later run has made of the host."""
    assert infra_ctl("deploy", NTP, "--yes").code == Exit.DONE
    motd = File(id="base/motd", path="/etc/motd", text="one\n")
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: (motd,)))
    hosts.faults[NTP] = HostFault(fails_at=motd.id)
    stopped = infra_ctl("deploy", NTP, "--yes")
    hosts.faults.clear()
    assert infra_ctl("deploy", NTP, "--yes").code == Exit.DONE
    refused = infra_ctl("rollback", run_of(stopped), "--yes")
    assert refused.code == Exit.REFUSED, refused.out
    assert "since: roll that back first" in refused.err
    assert motd.path in hosts.machines[NTP].files


@pytest.mark.parametrize("ends", ["stopped", "done"])
def test_a_host_is_not_taken_back_over_a_later_run_that_stopped(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """What is remembered of the host is the same before and after it."""
    assert infra_ctl("deploy", NTP, "--yes").code == Exit.DONE
    motd, issue = (File(id=f"base/{name}", path=f"/etc/{name}", text="new\n") for name in ("motd", "issue"))
    more = [motd]
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: tuple(more)))
    hosts.faults[NTP] = HostFault(fails_at=motd.id if ends == "stopped" else "")
    first = infra_ctl("deploy", NTP, "--yes")
    more.append(issue)
    hosts.faults[NTP] = HostFault(fails_at=issue.id)
    second = infra_ctl("deploy", NTP, "--yes")
    assert "1 stopped" in second.out
    hosts.faults.clear()
    refused = infra_ctl("rollback", run_of(first), "--yes")
    assert refused.code == Exit.REFUSED, refused.out
    assert f"{NTP}: changed by run {run_of(second)} since: roll that back first" in refused.err


def test_runs_are_taken_back_one_after_the_other_also_where_they_created_files(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert infra_ctl("deploy", NTP, "--yes").code == Exit.DONE
    before, runs, more = hosts.machines[NTP].files, [], []
    for name in ("motd", "issue"):
        more.append(File(id=f"base/{name}", path=f"/etc/{name}", text="new\n"))
        every = (base, lambda _host: tuple(more))
        monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", every)
        runs.append(run_of(infra_ctl("deploy", NTP, "--yes")))
    for run in reversed(runs):
        back = infra_ctl("rollback", run, "--yes")
        assert back.code == Exit.DONE, back.err
    assert hosts.machines[NTP].files == before


def test_a_run_that_stopped_is_taken_back_where_nothing_came_after_it(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert infra_ctl("deploy", NTP, "--yes").code == Exit.DONE
    more = tuple(File(id=f"base/{name}", path=f"/etc/{name}", text="new\n") for name in ("motd", "issue"))
    hosts.bring(NTP, [more[1].model_copy(update={"text": "it stopped before it wrote over this\n"})])
    before = hosts.machines[NTP].files
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: more))
    hosts.faults[NTP] = HostFault(fails_at=more[1].id)
    stopped = infra_ctl("deploy", NTP, "--yes")
    hosts.faults.clear()
    assert more[0].path in hosts.machines[NTP].files
    back = infra_ctl("rollback", run_of(stopped), "--yes")
    assert back.code == Exit.DONE, back.out + back.err
    assert hosts.machines[NTP].files == before


def test_a_rollback_over_what_a_later_run_made_of_a_host_names_that_run(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    for text in ("first\n", "second\n", "third\n"):
        extra = File(id="base/motd", path="/etc/motd", text=text)
        every = (base, lambda _host, extra=extra: (extra,))
        monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", every)
        runs.append(run_of(infra_ctl("deploy", NTP, "--yes")))
    refused = infra_ctl("rollback", runs[1], "--yes")
    assert refused.code == Exit.REFUSED
    assert f"{NTP}: changed by run {runs[2]} since: roll that back first" in refused.err
    assert infra_ctl("rollback", runs[2], "--yes").code == Exit.DONE
    assert infra_ctl("rollback", runs[1], "--yes").code == Exit.DONE
    assert hosts.machines[NTP].files["/etc/motd"].text == "first\n"
