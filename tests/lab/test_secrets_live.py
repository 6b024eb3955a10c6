"""No secret is shown or left anywhere by runs that fail in many ways; and the look for one can find one."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra_ctl.secrets import open_vault
from tests.kept import DEFECT
from tests.lab import canary
from tests.lab.city_slice import (
    AN_HOA,
    AN_NGHIEP,
    BINH_THUY,
    BY_HAND,
    POP,
    THOI_BINH,
    CitySlice,
    Done,
    until,
)

pytestmark = pytest.mark.live

NO_KEY = "no ip ospf message-digest-key 1"
OTHER_KEY = "typed-by-hand"
RELOAD, ITSELF, TALKED = "/usr/lib/frr/frr-reload.py", "/usr/lib/frr/frr-reload-itself.py", "/tmp/talked"
TALKS = f"""#!/bin/sh
case "$*" in *--reload*) [ -e {TALKED} ] || {{ touch {TALKED}; cat "$@" >&2; exit 1; }} ;; esac
exec {ITSELF} "$@"
"""
"""A reload that fails once, and says all it knows."""


def kept(city: CitySlice, folder: Path, *arguments: str) -> Done:
    """A command whose every file is kept in a folder."""
    return city.start(*arguments, command=(sys.executable, "-m", "tests.kept", str(folder))).end()


def talk(city: CitySlice, hostname: str) -> None:
    city.on(
        hostname,
        "sh",
        "-c",
        f"mv {RELOAD} {ITSELF} && cat >{RELOAD} && chmod 755 {RELOAD}",
        text=TALKS,
    )


def be_quiet(city: CitySlice, hostname: str) -> None:
    city.on(hostname, "sh", "-c", f"mv {ITSELF} {RELOAD}; rm {TALKED}")


def test_no_secret_is_shown_or_left_anywhere(city: CitySlice, tmp_path: Path) -> None:
    """Of the vault, the one before a rotation, and one typed by hand: the routers have them, nothing else."""
    assert len(city.secrets) >= 4
    running = "".join(map(city.running, city.hostnames))
    assert not [secret for secret in city.secrets if secret not in running], "else there was nothing to tell"
    folder = tmp_path / "kept"
    folder.mkdir()
    plan, said = tmp_path / "plan.json", list[Done]()
    key = f"ip ospf message-digest-key 1 md5 {OTHER_KEY}"
    city.edit(POP, *BY_HAND, "interface eth14", NO_KEY, key)  # towards a ward that the slice has not
    for ward in (AN_HOA, BINH_THUY, THOI_BINH):
        city.edit(ward, *BY_HAND)
    for (
        hostname
    ) in city.hostnames:  # vtysh remembers what was typed, by other tests too: that is the hands' doing
        city.on(hostname, "rm", "-f", "/root/.history_frr")
    with canary.words_of_processes() as words:
        said.append(kept(city, folder, "plan", "-v", POP, "-o", str(plan)))
        said.append(kept(city, folder, "deploy", "-v", "--plan", str(plan), "--yes"))
        talk(city, AN_HOA)
        said.append(kept(city, folder, "deploy", "-v", AN_HOA, "--yes"))
        be_quiet(city, AN_HOA)
        said.append(kept(city, folder, DEFECT, "deploy", "-v", BINH_THUY, "--yes", "--timer", "10"))
        with city.held(THOI_BINH):
            dying = city.start("deploy", THOI_BINH, "--yes", "--timer", "10")
            until(lambda: city.is_pending(THOI_BINH), meanwhile=dying)
            armed = canary.on_router(city, THOI_BINH, city.secrets)
            said.append(dying.kill())
        until(lambda: not any(map(city.is_pending, city.hostnames)), 180)
        with city.other_secret("bgp/key"):
            rotated = open_vault(city.lab.root / "vault.yml", city.lab.root / "vault-password")["bgp/key"]
            said.append(kept(city, folder, "plan", "-v", "site=dc", "-o", str(tmp_path / "rotated.json")))
        said += [
            kept(city, folder, "show", "run", run.id, "-v", "--output", "json") for run in city.runs()[:4]
        ]
        said.append(kept(city, folder, "verify", AN_NGHIEP, "-v"))
    assert [done.code for done in said[:6]] == [0, 0, 1, 1, -9, 0], said
    assert "a defect of infra-ctl: ValueError: unexpected:" in said[3].out
    assert "password <secret:" in said[5].out
    secrets = {*city.secrets, OTHER_KEY, rotated}
    texts = {
        f"{number} {what}": getattr(done, what).encode()
        for number, done in enumerate(said)
        for what in ("out", "err")
    }
    texts |= canary.files(folder) | canary.journal(city) | {"journal": city.journal_bytes()}
    texts |= {str(file): file.read_bytes() for file in tmp_path.glob("*.json")}
    texts |= {name: text for name, text in words.items() if not canary.deletes(name)}
    assert len(list(folder.glob("*.json.new"))) == 2, "else nobody looked at the files that it wrote"
    assert canary.found(secrets, texts) == []
    assert [name for name in armed if not name.removeprefix(f"{THOI_BINH}:").startswith(canary.ARMED)] == []
    assert armed, "else it was not armed with anything"
    with ThreadPoolExecutor(4) as pool:
        left = pool.map(lambda host: canary.on_router(city, host, secrets), city.hostnames)
    assert [name for names in left for name in names] == []


def test_the_look_finds_what_is_planted(city: CitySlice, tmp_path: Path) -> None:
    """On a router's disk, in its memory, in a file that is removed again, in a command, in the journal."""
    secret = min(city.secrets)
    city.on(AN_HOA, "sh", "-c", "cat >/var/log/planted", text=secret)
    city.on(AN_HOA, "sh", "-c", "cat >/run/planted", text=f"x{secret}x")
    try:
        assert canary.on_router(city, AN_HOA, [secret]) == [
            f"{AN_HOA}:var/log/planted",
            f"{AN_HOA}:/run/planted",
        ]
    finally:
        city.on(AN_HOA, "rm", "/var/log/planted", "/run/planted")
    with canary.words_of_processes() as words:
        city.on(AN_HOA, "sh", "-c", f": {secret}; sleep 0.5")
    assert canary.found([secret], words)
    run = city.runs()[-1]
    assert canary.found([run.reason], canary.journal(city))
    folder = tmp_path / "kept"
    folder.mkdir()
    assert kept(city, folder, "plan", AN_HOA, "-o", str(tmp_path / "plan.json")).code == 0
    assert canary.found(['"hostname"'], canary.files(folder))
