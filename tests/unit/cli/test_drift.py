"""`infra-ctl drift`: whose a difference is, who it is put down to, and mending it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from infra_ctl.change.operations import File
from infra_ctl.change.wiring import wires
from infra_ctl.city import City, load_city
from infra_ctl.cli import logins as cli_logins
from infra_ctl.cli.exits import Exit
from infra_ctl.context import Context, context
from infra_ctl.drivers.embedded import EmbeddedFleet
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.drivers.logins import Log, Login
from infra_ctl.errors import DeviceError, UnreachableError
from infra_ctl.hosts.roles.base import base
from infra_ctl.inventory.holding import hold
from infra_ctl.inventory.models import Hold
from infra_ctl.journal.opening import open_journal
from infra_ctl.secrets import open_vault, write_vault
from tests.unit.cli.conftest import Command, Said
from tests.unit.watched_hosts import WatchedHosts, instead_of_hosts

JSON = ("--output", "json")
WARD, POP, APP, NTP = "nk-an-hoa-ce1", "nk-pop1", "dc-app-1", "dc-ntp-1"
ROUTE = "ip route 198.51.100.0/24 blackhole"
SYSCTL = "/etc/sysctl.d/60-infra-ctl.conf"
AT = datetime(2026, 11, 26, 14, 2, 10, tzinfo=UTC)
LAN = Login("nguyen-van-a", "10.9.9.9", "SHA256:abc", AT, ("tee",))

Edit = Callable[[str, str, str], None]
Answers = dict[str, tuple[Login, ...] | DeviceError]


@pytest.fixture
def hosts(infra_ctl: Command, monkeypatch: pytest.MonkeyPatch) -> WatchedHosts:
    """Everything as intended, two hosts as well."""
    there = instead_of_hosts(monkeypatch, APP, NTP)
    assert infra_ctl("deploy", "--yes", "--reason", "first", "--ticket", "CT-1").code == Exit.DONE
    return there


@pytest.fixture
def edit(hosts: WatchedHosts, tmp_path: Path, small_folder: Path) -> Edit:
    """As by hand on a router: a text in the place of another."""
    fleet = EmbeddedFleet(tmp_path / "var/embedded/devices", wires(load_city(small_folder).intents))

    def change(hostname: str, old: str, new: str) -> None:
        with fleet.driver(hostname) as device:
            running = device.read()
        assert old in running
        fleet.edit(hostname, running.replace(old, new, 1))

    return change


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What machines say of who logged in; who is asked and not in it saw nobody."""
    said: Answers = {}

    def log_of(_context: Context, _city: City) -> Log:
        def log(name: str, after: datetime, before: datetime) -> tuple[Login, ...]:
            assert after <= before
            answer = said.get(name, ())
            if isinstance(answer, DeviceError):
                raise answer
            return answer

        return log

    monkeypatch.setattr(cli_logins, "log_of", log_of)
    return said


def spoil(hosts: WatchedHosts, name: str, path: str, text: str) -> None:
    """As by hand on a host: a file that reads otherwise."""
    machine = hosts.machines[name]
    files = {**machine.files, path: machine.files[path].model_copy(update={"text": text})}
    hosts.machines[name] = dataclasses.replace(machine, files=files)


def widen(folder: Path, old: int = 50, new: int = 80) -> None:
    """Intent moves on: a circuit has another rate, so its cost is another."""
    file = folder / "circuits.csv"
    text = file.read_text(encoding="utf-8")
    before, after = (f"nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,{mbps}" for mbps in (old, new))
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


def kinds(said: Said) -> dict[str, dict[str, list[str]]]:
    """By object and kind, the lines that differ, without their contexts."""
    return {
        each["object"]: {
            found["kind"]: [line for line in found["lines"] if line[:1] != " "]
            for found in each["differences"]
        }
        for each in said.json["objects"]
    }


def who(said: Said) -> dict[str, str]:
    """By object, what its first difference is put down to."""
    return {each["object"]: each["differences"][0]["who"]["words"] for each in said.json["objects"]}


def drifted(tmp_path: Path) -> dict[str, bool]:
    """By the journal."""
    with closing(open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")) as journal:
        return {name: look.drifted for name, look in journal.looks("embedded").items()}


def counts(tmp_path: Path) -> dict[str, int | None]:
    """How many lines differ, by the journal."""
    with closing(open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")) as journal:
        return {name: look.lines for name, look in journal.looks("embedded").items()}


def test_where_all_is_right_there_is_none(infra_ctl: Command, hosts: WatchedHosts, tmp_path: Path) -> None:
    said = infra_ctl("drift")
    assert (said.code, said.out.partition(" looked at")[0]) == (Exit.DONE, "no drift (12"), said
    assert set(drifted(tmp_path).values()) == {False}
    fixed = infra_ctl("drift", "--fix")
    assert (fixed.code, fixed.out.endswith("nothing to mend\n")) == (Exit.DONE, True)


def test_a_hand_an_intent_that_moved_on_and_unknown_lines_are_told_apart_on_one_router(
    infra_ctl: Command, edit: Edit, small_folder: Path, tmp_path: Path
) -> None:
    edit(WARD, "interface lo\n", "interface lo\n description by hand\n")
    edit(WARD, "interface eth2.10\n description LAN staff\n", "interface eth2.10\n")
    edit(WARD, "router ospf\n", f"{ROUTE}\nrouter ospf\n")
    widen(small_folder)
    said = infra_ctl("drift", *JSON)
    assert (said.code, said.json["drifted"]) == (Exit.FOUND, [WARD]), said
    assert kinds(said) == {
        WARD: {
            "changed": ["+  description LAN staff", "-  description by hand"],
            "unmanaged": [ROUTE],
            "undeployed": ["-  bandwidth 50", "+  bandwidth 80"],
        },
        POP: {"undeployed": ["-  bandwidth 50", "+  bandwidth 80"]},
    }
    assert [name for name, is_drift in drifted(tmp_path).items() if is_drift] == [WARD]
    counted = {name: lines for name, lines in counts(tmp_path).items() if lines}
    assert (counted, len(counts(tmp_path))) == ({WARD: 5, POP: 2}, 12)
    shown = infra_ctl("drift").out
    assert f"~ {WARD}   changed by hand\n" in shown
    assert f"… {WARD} {POP}   not deployed yet: infra-ctl plan\n" in shown
    assert "10 right · 1 changed by hand · 1 with lines that intent does not know · 2 not dep" in shown


def test_what_intent_moved_on_from_is_no_drift(
    infra_ctl: Command, hosts: WatchedHosts, small_folder: Path
) -> None:
    widen(small_folder)
    said = infra_ctl("drift")
    assert (said.code, "who" in said.out) == (Exit.DONE, False), said
    assert infra_ctl("drift", "--fix").out.endswith("nothing to mend\n")


def test_a_value_by_hand_is_drift_also_where_intent_has_a_third(
    infra_ctl: Command, edit: Edit, small_folder: Path
) -> None:
    edit(WARD, "bandwidth 50", "bandwidth 77")
    widen(small_folder)
    assert kinds(infra_ctl("drift", WARD, *JSON)) == {
        WARD: {"changed": ["-  bandwidth 77"], "undeployed": ["+  bandwidth 80"]}
    }


def test_a_drift_is_put_down_to_who_logged_in_and_that_is_said_to_be_no_proof(
    infra_ctl: Command, edit: Edit, hosts: WatchedHosts, asked: Answers
) -> None:
    edit(WARD, "bandwidth 50", "bandwidth 77")
    edit(POP, "interface lo\n", "interface lo\n description by hand\n")
    spoil(hosts, APP, SYSCTL, "vm.swappiness = 7\n")
    asked |= {WARD: (LAN,), APP: UnreachableError(APP, "no route to host")}
    said = infra_ctl("drift", *JSON)
    assert (said.code, said.json["drifted"]) == (Exit.FOUND, [APP, WARD, POP]), said
    found = who(said)
    assert found[WARD].startswith(
        "after a login of nguyen-van-a from 10.9.9.9 at 2026-11-26 14:02:10 UTC (sudo tee); "
        "it was last seen right at "
    )
    assert found[POP].startswith("unknown: it has logged no login but ours since it was last seen right at ")
    assert found[APP] == "unknown: its log could not be read: no route to host"
    changed = kinds(said)[APP]["changed"]
    assert (changed[0], "- vm.swappiness = 7" in changed) == (SYSCTL, True)


def test_a_host_is_mended_with_a_router_and_what_is_not_ours_stays(
    infra_ctl: Command, edit: Edit, hosts: WatchedHosts, tmp_path: Path
) -> None:
    edit(WARD, "bandwidth 50", "bandwidth 77")
    edit(WARD, "router ospf\n", f"{ROUTE}\nrouter ospf\n")
    before = hosts.machines[APP].files[SYSCTL].text
    spoil(hosts, APP, SYSCTL, "vm.swappiness = 7\n")
    assert infra_ctl("drift", "--fix").code == Exit.USAGE, "nobody is there to answer"
    assert infra_ctl("drift", "--yes").code == Exit.USAGE, "it mends nothing"
    said = infra_ctl("drift", "--fix", "--yes", *JSON)
    assert (said.code, said.json["drift"]["drifted"]) == (Exit.DONE, [APP, WARD]), said
    assert sorted(said.json["devices"]) == [APP, WARD]
    assert hosts.machines[APP].files[SYSCTL].text == before
    assert drifted(tmp_path) == dict.fromkeys(drifted(tmp_path), False) | {WARD: True}
    assert infra_ctl("runs", *JSON).json[0]["reason"] == f"drift of {APP}, {WARD}"
    left = infra_ctl("drift", *JSON)
    assert (left.code, kinds(left)) == (Exit.FOUND, {WARD: {"unmanaged": [ROUTE]}})
    assert infra_ctl("drift", "--fix", "--yes").out.endswith("nothing to mend\n")


def test_what_is_on_hold_is_told_and_waits(
    infra_ctl: Command, edit: Edit, small_folder: Path, tmp_path: Path
) -> None:
    hold(
        small_folder,
        Hold(object="nk-an-hoa", effect="isolate", reason="worm", until=date(2099, 12, 31)),
    )
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    edit(WARD, "bandwidth 50", "bandwidth 77")
    said = infra_ctl("drift")
    assert (said.code, f"~ {WARD}   changed by hand" in said.out) == (Exit.DONE, True), said
    assert ("\nheld    " in said.out, "1 held" in said.out) == (True, True), said
    assert not drifted(tmp_path)[WARD]
    assert infra_ctl("drift", "--fix", "--yes").out.endswith("nothing to mend\n")


def test_what_cannot_be_read_is_named_and_is_no_absence_of_drift(
    infra_ctl: Command, edit: Edit, hosts: WatchedHosts, tmp_path: Path
) -> None:
    assert infra_ctl("drift").code == Exit.DONE
    with closing(open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")) as journal:
        before = journal.looks("embedded")[NTP]
    edit(WARD, "bandwidth 50", "bandwidth 77")
    hosts.silent[NTP] = UnreachableError(NTP, "no route to host")
    said = infra_ctl("drift")
    assert (said.code, f"! {NTP}   not read: no route to host\n" in said.out) == (Exit.FAILED, True), said
    assert infra_ctl("drift", *JSON).json["failed"] == {NTP: "no route to host"}
    with closing(open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")) as journal:
        assert journal.looks("embedded")[NTP] == before
    fixed = infra_ctl("drift", "--fix", "--yes")
    assert (fixed.code, "1 confirmed" in fixed.out) == (Exit.FAILED, True), (
        "what was not read may have drifted"
    )


def test_what_a_run_left_is_put_down_to_it(
    infra_ctl: Command, hosts: WatchedHosts, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    motd = File(id="base/motd", path="/etc/motd", text="new\n")
    monkeypatch.setattr("infra_ctl.hosts.roles.of_host.EVERYWHERE", (base, lambda _host: (motd,)))
    hosts.faults[APP] = HostFault(fails_at=motd.id, cause="read-only file system")
    assert infra_ctl("deploy", APP, "--yes", "--ticket", "CT-7").code == Exit.FAILED
    widen(small_folder)
    run = infra_ctl("deploy", POP, "or", WARD, "--yes", *JSON).json["run"]
    assert infra_ctl("rollback", run, "--yes").code == Exit.DONE
    said = infra_ctl("drift", APP, "or", WARD, *JSON)
    assert said.code == Exit.FOUND, said
    assert {name: list(found) for name, found in kinds(said).items()} == {APP: ["left"], WARD: ["left"]}
    assert " (CT-7) left it so: deploy, stopped at base/motd: read-only file system" in who(said)[APP]
    assert "left it so: rollback, confirmed" in who(said)[WARD]
    widen(small_folder, 80, 50)
    assert infra_ctl("plan", WARD).code == Exit.DONE
    widen(small_folder)
    assert list(kinds(infra_ctl("drift", WARD, *JSON))[WARD]) == ["undeployed"], "it was right since"


def test_a_secret_by_hand_is_drift_and_one_that_was_rolled_in_the_vault_is_not(
    infra_ctl: Command, edit: Edit, small_folder: Path, tmp_path: Path
) -> None:
    where = context("embedded", small_folder)
    secrets = open_vault(where.vault, where.vault_password)
    edit(WARD, f"message-digest-key 1 md5 {secrets['ospf/key']}", "message-digest-key 1 md5 hunter2")
    said = infra_ctl("drift", WARD, *JSON)
    assert (said.code, list(kinds(said)[WARD])) == (Exit.FOUND, ["changed"])
    assert [word for word in ("hunter2", secrets["ospf/key"]) if word in said.out + said.err] == []
    assert infra_ctl("drift", WARD, "--fix", "--yes").code == Exit.DONE
    write_vault(where.vault, where.vault_password, {**secrets, "ospf/key": "another-key"})
    said = infra_ctl("drift", WARD, *JSON)
    assert (said.code, list(kinds(said)[WARD])) == (Exit.DONE, ["undeployed"]), said


def test_a_network_that_this_journal_has_never_seen_is_not_said_to_be_right(
    infra_ctl: Command, edit: Edit, tmp_path: Path
) -> None:
    edit(WARD, "bandwidth 50", "bandwidth 77")
    for file in (tmp_path / "var").glob("journal.db*"):
        file.unlink()
    said = infra_ctl("drift", *JSON)
    assert said.code == Exit.FOUND, said
    assert kinds(said)[WARD]["changed"] == ["-  bandwidth 77"]
    assert who(said)[WARD] == "unknown: this journal has never seen it right"
