"""Backups of a living slice of the city: who changed what, and a router brought back to what it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.lab.city_slice import BY_HAND, CAI_KHE, POP, CitySlice, Deployed

pytestmark = pytest.mark.live

ALICE = "publickey for alice from 10.9.9.9 port 5022 ssh2: ED25519 SHA256:abcdefgh"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(("git", "-C", folder, *words), capture_output=True, text=True, check=True)
    return done.stdout


def last_that_changed(city: CitySlice, host: str) -> str:
    """Other tests may have been at a router of the slice before this one."""
    return next(run.id for run in city.runs() if city.ends(run.id).get(host, ("", ""))[0] == "confirmed")


def test_a_backup_says_who_changed_what_and_a_router_goes_back_to_it(
    deployed: Deployed, city: CitySlice, tmp_path: Path
) -> None:
    place = tmp_path / "backup"
    keep = ("backup", "--to", str(place))
    first = city.json(*keep)
    assert {each["device"]: each["author"] for each in first["commits"]} == {
        host: f"run {last_that_changed(city, host)}" for host in city.hostnames
    }
    assert city.run(*keep).out.startswith("no changes (11 devices, ")

    city.edit(POP, *BY_HAND)
    city.edit(CAI_KHE, "ip route 192.0.2.0/24 Null0")
    log = f'echo "$(date -u +%FT%T.%6N+00:00) {POP} sshd[7]: Accepted {ALICE}" >>/var/log/auth.log'
    city.on(POP, "sh", "-c", log)
    second = city.json(*keep)["commits"]
    assert {each["device"]: each["author"] for each in second} == {POP: "alice", CAI_KHE: "drift"}
    by_alice = next(each["commit"] for each in second if each["device"] == POP)
    assert "+ description by hand" in git(place, "show", by_alice)

    edited = city.fingerprint(POP)
    assert city.run("deploy", POP, "--yes").code == 0
    assert city.fingerprint(POP) == deployed.fingerprint(POP)
    restore = ("restore", POP, "--from", str(place), "--at", by_alice[:10], "--yes")
    shown = city.run(*restore, "--dry-run")
    assert (shown.code, city.fingerprint(POP)) == (0, deployed.fingerprint(POP)), shown
    assert f"from    backup {by_alice[:12]} of " in shown.out
    assert "\n  +  description by hand\n" in shown.out
    assert f"deploy {POP} brings {POP} to the inventory again\n" in shown.out
    back = city.run(*restore)
    assert back.code == 0, back
    assert "confirmed" in back.end(POP)
    assert city.fingerprint(POP) == edited
    assert city.run("verify", "--wait", "60").code == 0

    last = city.runs()[0]
    assert (last.kind, last.reason) == ("restore", f"backup {by_alice[:12]}")
    third = city.json(*keep)["commits"]
    assert [each["author"] for each in third] == [f"run {city.runs()[1].id}", f"run {last.id}"]
    assert git(place, "fsck", "--strict") == ""
    everything = git(place, "log", "-p", "--all")
    assert [secret for secret in city.secrets if secret in everything] == []
