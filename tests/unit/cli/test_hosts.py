"""Hosts on the command line: planned, deployed, gone on with and rolled back beside the devices."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.change.operations import File
from infra_ctl.cli import deploy
from infra_ctl.cli.exits import Exit
from infra_ctl.context import hosts as context_hosts
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.errors import UnreachableError
from infra_ctl.hosts.roles.base import base
from infra_ctl.hosts.state import OPENINGS
from tests.unit.cli.conftest import Command, Said
from tests.unit.watched_hosts import WatchedHosts, instead_of_hosts

APP, NTP, SPARE, WARD = "dc-app-1", "dc-ntp-1", "bk-app-1", "nk-an-hoa-ce1"
CORE1, CORE2 = "dc-core1", "dc-core2"
THERE = (APP, SPARE, NTP)
SELECTED = f"host={APP} or host={SPARE} or host={NTP}"


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> WatchedHosts:
    """Three hosts that are nothing yet."""
    return instead_of_hosts(monkeypatch, *THERE)


def ends(said: Said) -> list[str]:
    """Hosts and devices in the order in which they ended."""
    return re.findall(r"^wave \d+/\d+  (\S+) {2,}\S", said.out, re.MULTILINE)


def run_of(said: Said) -> str:
    found = re.search(r"· run (\S+)", said.out)
    assert found
    return found[1]


def test_hosts_are_planned_beside_devices_in_one_order(infra_ctl: Command, hosts: WatchedHosts) -> None:
    said = infra_ctl("plan", f"{SELECTED} or {WARD}")
    assert said.code == Exit.DONE
    assert "0 unchanged · 4 to change · 0 failed\n" in said.out
    waves = re.findall(r"^(?:waves|     ) +\d+  (.+)$", said.out, re.MULTILINE)
    assert waves == [WARD, NTP, SPARE, APP]
    assert hosts.log == []


def test_one_deploy_brings_devices_and_hosts_and_the_second_has_no_changes(
    infra_ctl: Command, hosts: WatchedHosts
) -> None:
    said = infra_ctl("deploy", f"{SELECTED} or {WARD}", "--yes", "--reason", "hosts")
    assert (said.code, ends(said)) == (Exit.DONE, [WARD, NTP, SPARE, APP]), said.out
    assert "1 confirmed · 3 done · run " in said.out
    assert re.search(rf"^wave 4/4  {APP} .+ · .+ … and \d+ more · done   ", said.out, re.M)
    again = infra_ctl("deploy", f"{SELECTED} or {WARD}", "--yes")
    assert re.fullmatch(r"no changes \(1 device, 3 hosts, .*\)\n", again.out)
    assert infra_ctl("plan", SELECTED, "--exit-code").code == Exit.DONE


def test_a_host_comes_after_the_host_parts_of_the_routers_before_it(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever selects the host means the way to it too; a router and its host part are one."""
    monkeypatch.setattr(context_hosts, "present_parts", lambda _context, city: city.parts)
    said = infra_ctl("plan", APP)
    waves = re.findall(r"^(?:waves|     ) +\d+  (.+)$", said.out, re.MULTILINE)
    assert waves == [f"{CORE1}/host", f"{CORE2}/host", APP]
    assert (infra_ctl("deploy", APP, "--yes").code, hosts.log[-1]) == (Exit.DONE, (APP, OPENINGS))
    assert infra_ctl("deploy", APP, "--yes").out.startswith("no changes (2 devices, 1 host, ")


def test_a_host_that_stops_fails_the_run_and_resume_goes_on_there(
    infra_ctl: Command, hosts: WatchedHosts
) -> None:
    hosts.faults[NTP] = HostFault(fails_at=OPENINGS, cause="no space left on device")
    said = infra_ctl("deploy", SELECTED, "--yes")
    assert said.code == Exit.FAILED
    assert f"at {OPENINGS}: no space left on device · STOPPED" in said.out
    assert "1 stopped · 2 not started · run " in said.out
    shown = infra_ctl("show", "run", run_of(said))
    assert re.search(rf"^  {NTP} +stopped +\S+ applying · \S+ s stopped$", shown.out, re.M)
    done = len(hosts.log)
    hosts.faults.clear()
    resumed = infra_ctl("resume", run_of(said), "--yes")
    assert (resumed.code, ends(resumed)) == (Exit.DONE, [NTP, SPARE, APP]), resumed.out
    assert hosts.log[done] == (NTP, OPENINGS), "what was done is not done again"
    assert hosts.log.count((NTP, "firewall/rules")) == 1


def press_ctrl_c(hosts: WatchedHosts) -> None:
    """During the first operation."""

    def interrupt(_part: str) -> None:
        hosts.after = lambda _part: None
        signal.raise_signal(signal.SIGINT)
        assert hosts.stopping.wait(10)

    hosts.after = interrupt


def test_ctrl_c_reaches_the_host_that_is_under_way(infra_ctl: Command, hosts: WatchedHosts) -> None:
    """It ends the operation that it is at, no other host begins, and the run can be gone on with."""
    press_ctrl_c(hosts)
    said = infra_ctl("deploy", SELECTED, "--yes")
    assert len(hosts.log) == 1, "the operation that it was at, and none after it"
    assert "stopping: devices in flight end first" in said.err
    assert re.search(rf"^wave 1/3  {NTP} .*at \S+: interrupted · STOPPED ", said.out, re.M), said.out
    assert "1 stopped · 2 not started · run " in said.out
    assert said.code == Exit.INTERRUPTED
    (run, *_) = infra_ctl("runs", "--output", "json").json
    assert run["state"] == "stopped"
    resumed = infra_ctl("resume", run_of(said), "--yes")
    assert (resumed.code, ends(resumed)) == (Exit.DONE, [NTP, SPARE, APP]), resumed.out


def test_ctrl_c_at_the_last_host_interrupts_the_run_too(infra_ctl: Command, hosts: WatchedHosts) -> None:
    """Nothing waits for its turn any more, and all the same it was Ctrl-C that ended the run."""
    press_ctrl_c(hosts)
    said = infra_ctl("deploy", NTP, "--yes", "--output", "json")
    assert said.code == Exit.INTERRUPTED, said.err
    assert (said.json["state"], said.json["devices"][NTP]["state"]) == ("stopped", "stopped")


def test_ctrl_c_while_hosts_are_leased_touches_none(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = WatchedHosts.lease

    def leased(*words: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return lease(*words)

    monkeypatch.setattr(WatchedHosts, "lease", leased)
    said = infra_ctl("deploy", NTP, "--yes")
    assert (said.code, hosts.log, hosts.is_held(NTP)) == (Exit.INTERRUPTED, [], False), said
    assert "1 not started · run " in said.out


def test_a_host_that_cannot_be_reached_is_refused_before_anything_is_done(
    infra_ctl: Command, hosts: WatchedHosts
) -> None:
    hosts.silent[APP] = UnreachableError(APP, "no route to host")
    said = infra_ctl("deploy", SELECTED, "--yes")
    assert (said.code, hosts.log) == (Exit.REFUSED, [])
    assert f"{APP}: no route to host: nothing was done" in said.err
    without = infra_ctl("deploy", SELECTED, "--yes", "--max-fail", "1")
    assert (without.code, ends(without)) == (Exit.PARTIAL, [NTP, SPARE])


def test_hosts_behind_routers_come_in_the_run_after_by_themselves(
    infra_ctl: Command, hosts: WatchedHosts
) -> None:
    hosts.silent[APP] = UnreachableError(APP, "no route to host")
    planned = infra_ctl("plan", f"{APP} or {NTP} or {WARD}")
    assert "· 1 behind them" in planned.out
    hosts.after = lambda _part: hosts.silent.clear()
    said = infra_ctl("deploy", f"{APP} or {NTP} or {WARD}", "--yes")
    assert (said.code, ends(said)) == (Exit.DONE, [WARD, NTP, APP]), said.out
    assert "next    1 host behind them\n" in said.out


def test_a_host_part_that_is_behind_comes_with_its_router(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = f"{CORE1}/host"
    monkeypatch.setattr(context_hosts, "present_parts", lambda _context, city: {part: city.parts[part]})
    hosts.silent[part] = UnreachableError(part, "no route to host")
    hosts.after = lambda _part: hosts.silent.clear()
    said = infra_ctl("deploy", f"{APP} or {WARD}", "--yes")
    assert (said.code, ends(said)) == (Exit.DONE, [WARD, APP, CORE1, part]), said.out
    assert "next    1 device behind them\n" in said.out


def test_a_saved_plan_is_what_runs(infra_ctl: Command, hosts: WatchedHosts, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    assert infra_ctl("plan", NTP, "-o", str(saved)).code == Exit.DONE
    assert infra_ctl("deploy", "--plan", str(saved), "--yes").code == Exit.DONE
    assert infra_ctl("deploy", NTP, "--yes").out.startswith("no changes (1 host, ")
    refused = infra_ctl("deploy", "--plan", str(saved), "--yes")
    assert (refused.code, "was carried out already, by run" in refused.err) == (Exit.REFUSED, True)


def test_a_saved_plan_of_a_host_that_changed_since_is_refused(
    infra_ctl: Command, hosts: WatchedHosts, tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"
    assert infra_ctl("plan", NTP, "-o", str(saved)).code == Exit.DONE
    hosts.bring(NTP, [File(id="by/hand", path="/etc/chrony/chrony.conf", text="by hand\n")])
    refused = infra_ctl("deploy", "--plan", str(saved), "--yes")
    assert (refused.code, f"{NTP} changed since plan" in refused.err) == (Exit.REFUSED, True)


def test_a_saved_plan_knows_what_is_in_private_files_and_does_not_tell(
    infra_ctl: Command, hosts: WatchedHosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line differs before and after."""
    key = File(id="base/key", path="/etc/key", text="the one to be\n", mode="600")
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: (key,)))
    saved, words = tmp_path / "plan.json", ("one that was there", "another that is there")
    for text in words:
        hosts.bring(NTP, [key.model_copy(update={"text": f"{text}\n"})])
        if text == words[0]:
            assert infra_ctl("plan", NTP, "-o", str(saved)).code == Exit.DONE
    refused = infra_ctl("deploy", "--plan", str(saved), "--yes")
    assert (refused.code, f"{NTP} changed since plan" in refused.err) == (Exit.REFUSED, True)
    hosts.bring(NTP, [key.model_copy(update={"text": f"{words[0]}\n"})])
    assert infra_ctl("deploy", "--plan", str(saved), "--yes").code == Exit.DONE
    digest = sha1(f"{words[0]}\n".encode(), usedforsecurity=False).hexdigest()
    assert not any(told in saved.read_text() for told in (*words, digest))


def test_why_a_host_stands_where_it_stands(infra_ctl: Command, hosts: WatchedHosts) -> None:
    said = infra_ctl("plan", SELECTED, "--explain", APP)
    assert said.out.splitlines()[:3] == [
        APP,
        "  wave       3 of 3",
        f"  first      {NTP} (wave 1): it answers {APP}",
    ]
    assert f"{SPARE} (wave 2): it stands in for {APP}: never both at once" in said.out
    value = infra_ctl("plan", SELECTED, "--explain", APP, "--output", "json").json
    assert (value["host"], value["wave"], value["waves"]) == (APP, 3, 3)
    unknown = infra_ctl("plan", "--explain", "dc-app-9")
    assert (unknown.code, "there is no device and no host 'dc-app-9'" in unknown.err) == (Exit.USAGE, True)


def test_why_a_host_stands_nowhere(infra_ctl: Command, hosts: WatchedHosts) -> None:
    """Behind routers that change first it comes by itself; one that failed says of what."""
    hosts.silent[APP] = UnreachableError(APP, "no route to host")
    told = infra_ctl("plan", "site=dc", "--explain", APP)
    assert told.out == f"{APP} is in no wave: behind {CORE1}, {CORE2}: comes in the run after\n"
    elsewhere = infra_ctl("plan", f"{APP} or {WARD}", "--explain", APP)
    assert elsewhere.out == f"{APP} is in no wave: behind routers that change: comes in the run after\n"
    alone = infra_ctl("plan", APP, "--explain", APP, "--output", "json")
    assert alone.json == {"device": APP, "wave": None, "status": "failed", "why": "failed: no route to host"}


def moved(folder: Path) -> None:
    """The application takes its requests at another port."""
    file = folder / "systems.yaml"
    probes = "  probes: [https://one-stop.cantho.example/health]\n"
    file.write_text(file.read_text().replace(probes, f"{probes}  listen: [https/8443]\n"))


def test_a_port_that_moves_takes_two_runs_of_one_deploy(
    infra_ctl: Command, hosts: WatchedHosts, small_folder: Path
) -> None:
    assert infra_ctl("deploy", SELECTED, "--yes").code == Exit.DONE
    moved(small_folder)
    planned = infra_ctl("plan", APP)
    assert f"keeps   one-stop/https tcp 443 on {APP}, until a second run has seen" in planned.out
    said = infra_ctl("deploy", SELECTED, "--yes")
    assert (said.code, ends(said)) == (Exit.DONE, [SPARE, APP, SPARE, APP]), said.out
    assert (
        f"made    now one-stop/https tcp 443 on {SPARE}, one-stop/https tcp 443 on {APP} may go" in said.out
    )
    assert infra_ctl("deploy", SELECTED, "--yes").out.startswith("no changes (3 hosts, ")


def test_a_run_that_is_done_names_an_opening_until_a_later_one_has_closed_it(
    infra_ctl: Command, hosts: WatchedHosts, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert infra_ctl("deploy", SELECTED, "--yes").code == Exit.DONE
    moved(small_folder)
    with monkeypatch.context() as between:
        between.setattr(deploy, "go_on", lambda _session, _prepared, _request, ending: ending)
        first = infra_ctl("deploy", SELECTED, "--yes")
    said = infra_ctl("resume", run_of(first))
    assert (said.code, f"removes one-stop/https tcp 443 on {SPARE}" in said.out) == (Exit.PARTIAL, True)
    assert infra_ctl("deploy", SELECTED, "--yes").code == Exit.DONE
    said = infra_ctl("resume", run_of(first))
    assert (said.code, said.out) == (Exit.DONE, f"run {run_of(first)} is done: nothing of it is left\n")


def test_what_never_comes_about_is_left_to_somebody_and_not_tried_for_ever(
    infra_ctl: Command, hosts: WatchedHosts, small_folder: Path
) -> None:
    assert infra_ctl("deploy", SELECTED, "--yes").code == Exit.DONE
    moved(small_folder)

    def spoil(part: str) -> None:
        machine = hosts.machines[part]
        hosts.machines[part] = replace(machine, files={**machine.files, spoilt.path: spoilt})

    spoilt = File(id="by/hand", path="/etc/chrony/chrony.conf", text="pool example\n")
    hosts.after = spoil
    said = infra_ctl("deploy", SELECTED, "--yes")
    assert said.code == Exit.PARTIAL
    assert len(re.findall(r"^run ", said.out, re.M)) == 2
    assert f"left    infra-ctl deploy {SELECTED}      removes one-stop/https tcp 443 on {SPARE}" in said.out


def test_a_secret_that_is_rotated_reaches_the_hosts_that_use_it(
    infra_ctl: Command, hosts: WatchedHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The primary first: a replica that is restarted meanwhile must be let in."""
    both = ("dc-db-1", "bk-db-1")
    monkeypatch.setattr(context_hosts, "present_hosts", lambda _context, _city: (*both, NTP))
    assert infra_ctl("deploy", "role=database or role=ntp", "--yes").code == Exit.DONE
    before = [machine.files for machine in map(hosts.machines.__getitem__, both)]
    said = infra_ctl("secrets", "rotate", "postgresql/replication", "--yes")
    assert "2 hosts: bk-db-1 dc-db-1" in said.out
    said = infra_ctl("deploy", "role=database or role=ntp", "--yes")
    assert (said.code, ends(said)) == (Exit.DONE, list(both)), said.out + said.err
    after = [machine.files for machine in map(hosts.machines.__getitem__, both)]
    changed = [
        {path for path in new if new[path] != old[path]} for new, old in zip(after, before, strict=True)
    ]
    assert changed == [{"/etc/infra-ctl/databases.sql"}, {"/var/lib/postgresql/.pgpass"}]
    assert "no changes" in infra_ctl("deploy", "role=database or role=ntp", "--yes").out


def test_json_has_hosts_in_the_plan_and_in_the_run(infra_ctl: Command, hosts: WatchedHosts) -> None:
    plan = infra_ctl("plan", NTP, "--output", "json").json
    assert [host["name"] for host in plan["hosts"]] == [NTP]
    assert plan["waves"] == [[NTP]]
    run = infra_ctl("deploy", NTP, "--yes", "--output", "json").json
    assert run["devices"] == {NTP: {"state": "done", "cause": ""}}
    assert (run["summary"], run["state"]) == ("1 done", "done")


def test_a_simulated_city_says_that_it_has_no_hosts(infra_ctl: Command) -> None:
    said = infra_ctl("plan", "zone=servers")
    assert said.code == Exit.USAGE
    assert "means no device and no host that embedded has" in said.err
    assert "there are no hosts" in infra_ctl("plan", WARD).err
