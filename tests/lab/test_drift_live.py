"""Drift, live: hands on a router and on a host, told by line and login, and mended; nothing else is named."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.drivers.logins import programs
from infra_ctl.inventory.models import HOST_ACCOUNT
from infra_ctl.lab import enter, namespace
from tests.lab.city_slice import BY_HAND, CitySlice
from tests.lab.two_sites import APP, HEARD, TIME, Sites

pytestmark = pytest.mark.live

ROUTER = f"{HEARD}-ce1"
LOOKED = f"{ROUTER} or {APP} or {TIME}"
SYSCTL = "/etc/sysctl.d/60-infra-ctl.conf"
KEYS = f"/home/{HOST_ACCOUNT}/.ssh/authorized_keys"
BY = "publickey for nguyen-van-a from 10.9.9.9 port 5022 ssh2: ED25519 SHA256:abcdefgh"


def come_in(city: CitySlice, folder: Path, command: str) -> None:
    """By SSH, with a key that is not ours and that somebody has let in."""
    key, access = folder / "key", enter.access(city.lab.root)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    city.on(APP, "sh", "-c", f"cp -p {KEYS} /root/keys; cat >>{KEYS}", text=(folder / "key.pub").read_text())
    pinned = (f"UserKnownHostsFile={access.known_hosts}", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes")
    options = [word for option in (*pinned, "BatchMode=yes") for word in ("-o", option)]
    argv = ("ssh", "-i", key, *options, f"{HOST_ACCOUNT}@{city.spec.node(APP).management}", command)
    with namespace.inside(access.namespace):
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=180)
    city.on(APP, "sh", "-c", f"cat /root/keys >{KEYS}; rm /root/keys")
    assert done.returncode == 0, done


def found(drift: Any) -> dict[str, tuple[str, list[str], str]]:
    """By object its one difference: kind, lines that differ, who."""
    assert all(len(each["differences"]) == 1 for each in drift["objects"]), drift
    differences = {each["object"]: each["differences"][0] for each in drift["objects"]}
    return {
        name: (one["kind"], [line for line in one["lines"] if line[:1] in "+-"], one["who"]["words"])
        for name, one in differences.items()
    }


def test_hands_are_told_by_line_and_login_and_mended(sites: Sites, tmp_path: Path) -> None:
    city = sites.city
    assert city.run("deploy", LOOKED, "--yes").code == 0, "other tests may have been at them"
    assert city.json("drift", LOOKED)["objects"] == []

    city.edit(ROUTER, *BY_HAND)
    log = f'echo "$(date -u +%FT%T.%6N+00:00) {ROUTER} sshd[7]: Accepted {BY}" >>/var/log/auth.log'
    city.on(ROUTER, "sh", "-c", log)
    come_in(city, tmp_path, f"echo vm.swappiness = 7 | sudo tee -a {SYSCTL}")
    said = city.run("drift", LOOKED, "--output", "json")
    assert (said.code, said.json["drifted"], said.json["failed"]) == (3, [APP, ROUTER], {}), said
    seen = found(said.json)
    assert seen[ROUTER][:2] == ("changed", ["-  description by hand", "+  description loopback"])
    assert seen[ROUTER][2].startswith("after a login of nguyen-van-a from 10.9.9.9 at "), seen
    assert seen[APP][:2] == ("changed", ["- vm.swappiness = 7"])
    assert seen[APP][2].startswith(f"after a login of {HOST_ACCOUNT} from "), seen
    assert " UTC; it was last seen right at " in seen[APP][2], seen
    lines = city.on(APP, "journalctl", "-q", "-o", "short-unix", "-t", "sudo").splitlines()
    assert "tee" in programs(lines, HOST_ACCOUNT, APP, datetime.now(UTC), range(3600))

    fixed = city.run("drift", LOOKED, "--fix", "--yes", "--output", "json")
    assert (fixed.code, sorted(fixed.json["devices"])) == (0, [APP, ROUTER]), fixed
    assert "swappiness" not in city.on(APP, "cat", SYSCTL)
    assert "by hand" not in city.running(ROUTER)
    assert city.json("drift", LOOKED)["objects"] == []
