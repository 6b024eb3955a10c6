"""`infra-ctl secrets`: a vault made, edited, checked and renewed; no value is shown or left behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import click
import pytest

from infra_ctl.city import City
from infra_ctl.cli import planning
from infra_ctl.cli.exits import Exit
from infra_ctl.context import hosts as context_hosts
from infra_ctl.deploy.step import Ended, Stepper
from infra_ctl.intent import HostPart
from infra_ctl.secrets import PASSWORD_FILE, editing, open_vault, write_vault
from tests.unit.cli.conftest import Command

VALUES = {
    "ospf/key": "kT3v9QmZ1xWc7LpA",
    "ospf6/key": "Qm8ZkT3v9xWc7LpB1",
    "bgp/key": "v9xWc7LpB1Qm8ZkT3",
    "bgp/cpt": "c7LpB1Qm8ZkT3v9xW",
    "postgresql/replication": "LpB1Qm8ZkT3v9xWc7",
    "snmp/auth": "Tq5Rk2VnB8yHd4Ls",
    "snmp/privacy": "Gw7Xc1ZmJ9pKf3Ua",
}
COMMAND = (sys.executable, "-m", "infra_ctl.cli.app")


@pytest.fixture
def vault(small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The live context's, which the small city refers to."""
    monkeypatch.setenv("INFRA_CTL_CONTEXT", "live")
    password = tmp_path / "password"
    password.write_text("open sesame\n", encoding="utf-8")
    monkeypatch.setenv(PASSWORD_FILE, str(password))
    write_vault(small_folder / "vault.yml", password, VALUES)
    return small_folder / "vault.yml"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private files are, so that a test sees what is left there."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(editing, "IN_MEMORY", (str(folder),))
    return folder


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what the editor does with its file, in the words of a shell."""

    def does(script: str) -> None:
        file = tmp_path / "editor"
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(file))

    return does


Editor = Callable[[str], None]


def test_a_vault_is_edited_in_a_private_file_that_is_gone_after_it(
    infra_ctl: Command, vault: Path, memory: Path, editor: Editor, tmp_path: Path
) -> None:
    editor(
        f'stat -c "%a %n" "$1" "$(dirname "$1")" >{tmp_path}/seen\n'
        f'grep -q "key: {VALUES["ospf/key"]}" "$1" || exit 9\n'
        f'touch "$1~"; sed -i "s/{VALUES["ospf/key"]}/anotherKey012345/" "$1"; echo "# a note" >>"$1"'
    )
    said = infra_ctl("secrets", "edit")
    assert (said.code, said.out) == (
        Exit.DONE,
        f"{vault}: replaced; infra-ctl secrets check says whether it fits\n",
    )
    assert open_vault(vault) == {**VALUES, "ospf/key": "anotherKey012345"}
    modes = [line.split()[0] for line in (tmp_path / "seen").read_text().splitlines()]
    assert modes == ["600", "700"]
    assert str(memory) in (tmp_path / "seen").read_text()
    assert list(memory.iterdir()) == []


def test_no_change_writes_nothing(infra_ctl: Command, vault: Path, memory: Path, editor: Editor) -> None:
    before = vault.read_bytes()
    editor("true")
    said = infra_ctl("secrets", "edit")
    assert (said.code, said.out) == (Exit.DONE, "nothing changed: nothing was written\n")
    assert vault.read_bytes() == before
    said = infra_ctl("secrets", "edit", "--output", "json")
    assert said.json == {"vault": str(vault), "written": False}


def test_a_vault_that_is_not_there_is_made(
    infra_ctl: Command, vault: Path, memory: Path, editor: Editor
) -> None:
    vault.unlink()
    editor("true")
    assert infra_ctl("secrets", "edit").code == Exit.DONE
    assert not vault.exists(), "an empty one is of no use"
    editor('echo "ospf: {key: kT3v9QmZ1xWc7LpA}" >"$1"')
    said = infra_ctl("secrets", "edit")
    assert said.out.startswith(f"{vault}: made; ")
    assert open_vault(vault) == {"ospf/key": "kT3v9QmZ1xWc7LpA"}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("ospf: {key: [s3cretValue}", "line 1: this is not YAML"),
        ("# x\\nospf:\\n  key:\\n", "line 3: ospf/key has no value"),
    ],
)
def test_what_is_no_vault_replaces_nothing(
    infra_ctl: Command, vault: Path, memory: Path, editor: Editor, written: str, words: str
) -> None:
    before = vault.read_bytes()
    editor(f"printf '{written}' >\"$1\"")
    said = infra_ctl("secrets", "edit")
    assert (said.code, said.err) == (Exit.USAGE, f"error: {words}; the vault is as it was\n")
    assert "s3cret" not in said.out + said.err
    assert vault.read_bytes() == before
    assert list(memory.iterdir()) == []


def test_on_a_terminal_one_goes_on_editing_and_nothing_is_lost(
    infra_ctl: Command, vault: Path, memory: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", lambda question, *_args, **_more: asked.append(question) or True)
    editor('grep -q half "$1" && sed -i "s/half: \\[/whole: one/" "$1" || echo "half: [" >>"$1"')
    assert infra_ctl("secrets", "edit").code == Exit.DONE
    (question,) = asked
    assert question.endswith("this is not YAML: go on editing?")
    assert open_vault(vault) == {**VALUES, "whole": "one"}


def test_an_editor_that_fails_or_is_not_there_changes_nothing(
    infra_ctl: Command, vault: Path, memory: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vault.read_bytes()
    editor('echo "a: b" >"$1"; exit 3')
    said = infra_ctl("secrets", "edit")
    assert said.code == Exit.FAILED
    assert said.err.endswith("ended with 3: nothing was changed\n")
    monkeypatch.setenv("VISUAL", "no-such-editor")
    said = infra_ctl("secrets", "edit")
    assert (said.code, said.err) == (
        Exit.USAGE,
        "error: there is no editor 'no-such-editor': set VISUAL or EDITOR\n",
    )
    assert vault.read_bytes() == before
    assert list(memory.iterdir()) == []


def test_what_was_written_meanwhile_is_not_overwritten(
    infra_ctl: Command, vault: Path, memory: Path, editor: Editor
) -> None:
    editor(f'echo "new: valueOfTheFirst" >>"$1"; cp {vault} {vault}.kept; echo >>{vault}')
    said = infra_ctl("secrets", "edit")
    assert said.code == Exit.REFUSED
    assert "was changed by somebody else meanwhile" in said.err
    assert vault.read_bytes() == Path(f"{vault}.kept").read_bytes() + b"\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_told_to_end_leaves_nothing(
    vault: Path, small_folder: Path, tmp_path: Path, editor: Editor, number: signal.Signals
) -> None:
    """The real command in a process of its own, its editor open."""
    memory = tmp_path / "memory"
    memory.mkdir()
    editor(f"echo $$ >{tmp_path}/opened; exec sleep 60")
    before = vault.read_bytes()
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(memory), "INFRA_CTL_INVENTORY": str(small_folder)}
    process = subprocess.Popen((*COMMAND, "secrets", "edit"), env=environment)
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "opened").exists() or not (tmp_path / "opened").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(list(memory.rglob("vault.yml"))) == 1
        process.send_signal(number)
        assert process.wait(timeout=30) == 128 + number
    finally:
        process.kill()
        process.wait()
    assert list(memory.iterdir()) == []
    assert not Path(f"/proc/{(tmp_path / 'opened').read_text().strip()}").exists(), "its editor has ended too"
    assert vault.read_bytes() == before


def test_a_check_finds_and_shows_no_value(infra_ctl: Command, vault: Path) -> None:
    said = infra_ctl("secrets", "check")
    assert (said.code, said.out) == (Exit.DONE, f"7 secrets, nothing to find ({vault})\n")
    write_vault(
        vault, None, {"ospf/key": "longer-than-sixteen", "bgp/key": "bgp/key", "left/over": "kT3v9QmZ1xWc"}
    )
    said = infra_ctl("secrets", "check")
    assert said.code == Exit.FOUND
    assert said.out.splitlines() == [
        "FAIL  missing    bgp/cpt: has no value, and 1 device needs it",
        "FAIL  weak       bgp/key: short: 12 characters or more are hard to guess",
        "FAIL  weak       bgp/key: is its own name",
        "FAIL  unused     left/over: nothing refers to it",
        "FAIL  unfit      ospf/key: 19 bytes, and an OSPF MD5 key takes 16",
        "FAIL  missing    ospf6/key: has no value, and 7 devices need it",
        "FAIL  missing    postgresql/replication: has no value, and 2 hosts need it",
        "FAIL  missing    snmp/auth: has no value, and 10 hosts need it",
        "FAIL  missing    snmp/privacy: has no value, and 10 hosts need it",
        f"3 secrets, 9 findings ({vault})",
    ]
    told = infra_ctl("secrets", "check", "--output", "json")
    assert told.code == Exit.FOUND
    assert told.json["findings"][0] == {
        "name": "bgp/cpt",
        "check": "missing",
        "message": "has no value, and 1 device needs it",
    }
    assert "longer-than-sixteen" not in said.out + told.out


def test_what_monitoring_needs_is_checked_and_nothing_besides(
    infra_ctl: Command, vault: Path, small_folder: Path
) -> None:
    text = 'web: {}\nmail: {smarthost: "mail.example:25", sender: a@b.example}\n'
    (small_folder / "monitoring.yaml").write_text(text, encoding="utf-8")
    write_vault(vault, None, {"monitoring/web": f"{'kT3v9QmZ1xWc ' * 5}12345678"})
    said = infra_ctl("secrets", "check")
    assert "FAIL  unfit      monitoring/web: 73 bytes, and a bcrypt hash takes 72" in said.out.splitlines()
    assert "monitoring/mail" not in said.out


def test_a_secret_is_rotated_and_the_devices_are_named(infra_ctl: Command, vault: Path) -> None:
    said = infra_ctl("secrets", "rotate", "bgp/cpt", "ospf/key", "--yes")
    assert said.code == Exit.DONE
    lines = said.out.splitlines()
    assert lines[0] == "rotated bgp/cpt              1 device: dc-edge1"
    assert lines[1].startswith("rotated ospf/key             10 devices: bk-r1 ")
    assert lines[2] == "agree   bgp/cpt              cpt-1 must have it too"
    assert lines[3] == "next    infra-ctl plan     what it costs on the way: docs/secrets.md"
    now = open_vault(vault)
    assert {name for name in VALUES if now[name] != VALUES[name]} == {"bgp/cpt", "ospf/key"}
    assert (len(now["ospf/key"]), len(now["bgp/cpt"])) == (16, 32)
    assert not [value for value in (*now.values(), *VALUES.values()) if value in said.out + said.err]
    assert infra_ctl("secrets", "check").code == Exit.DONE


def test_a_secret_of_hosts_names_them(infra_ctl: Command, vault: Path) -> None:
    said = infra_ctl("secrets", "rotate", "postgresql/replication", "--yes")
    assert said.out.splitlines()[0] == "rotated postgresql/replication 2 hosts: bk-db-1 dc-db-1"
    assert "next    infra-ctl plan " in said.out
    said = infra_ctl("secrets", "rotate", "postgresql/replication", "--yes", "--output", "json")
    assert said.json["rotated"] == {"postgresql/replication": ["bk-db-1", "dc-db-1"]}


@pytest.mark.parametrize("there", [(), ("dc-db-1",)])
def test_in_a_twin_what_its_hosts_need_is_used_and_what_they_would_is_not_missing(
    infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]
) -> None:
    """A twin without databases may have the value from one that had them."""
    monkeypatch.setattr("infra_ctl.context.devices.present", lambda _context, _city: ("nk-an-hoa-ce1",))
    monkeypatch.setattr(context_hosts, "present_hosts", lambda _context, _city: there)
    monkeypatch.setattr(context_hosts, "present_parts", lambda _context, _city: {})
    folder = tmp_path / "var/lab/x"
    folder.mkdir(parents=True)
    (folder / "vault-password").write_text("open sesame\n")
    needed = {"ospf/key": VALUES["ospf/key"], "ospf6/key": VALUES["ospf6/key"]}
    write_vault(folder / "vault.yml", folder / "vault-password", needed)
    said = infra_ctl("secrets", "check", "--context", "lab:x")
    assert ("missing    postgresql/replication: has no value, and 1 host needs it" in said.out) == bool(there)
    replication = {"postgresql/replication": VALUES["postgresql/replication"]}
    write_vault(folder / "vault.yml", folder / "vault-password", needed | replication)
    said = infra_ctl("secrets", "check", "--context", "lab:x")
    assert said.code == Exit.DONE, said.out


def test_routers_whose_host_part_is_ours_need_secrets_where_no_hosts_are(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch, vault: Path
) -> None:
    def parts(_context: object, city: City) -> Mapping[str, HostPart]:
        return {name: city.parts[name] for name in ("nk-pop1/host", "nk-an-hoa-ce1/host")}

    monkeypatch.setattr(context_hosts, "present_hosts", lambda _context, _city: ())
    monkeypatch.setattr(context_hosts, "present_parts", parts)
    said = infra_ctl("secrets", "rotate", "snmp/auth", "--yes")
    assert said.out.splitlines()[0] == "rotated snmp/auth            2 hosts: nk-an-hoa-ce1/host nk-pop1/host"


def test_all_but_what_is_agreed_outside_are_rotated(infra_ctl: Command, vault: Path) -> None:
    write_vault(vault, None, {**VALUES, "infra-ctl/hash-key": "the key of our masks"})
    said = infra_ctl("secrets", "rotate", "--all", "--yes", "--length", "14", "--output", "json")
    assert sorted(said.json["rotated"]) == [name for name in sorted(VALUES) if name != "bgp/cpt"]
    why = {"bgp/cpt": "agreed with cpt-1", "infra-ctl/hash-key": "masks and fingerprints are made with it"}
    assert said.json["left_out"] == why
    assert [line.split(maxsplit=2) for line in said.err.splitlines()] == [
        ["left", *each] for each in why.items()
    ]
    now = open_vault(vault)
    assert now["bgp/cpt"] == VALUES["bgp/cpt"]
    assert now["infra-ctl/hash-key"] == "the key of our masks"
    assert len(now["ospf/key"]) == 14


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ospf/kee",), Exit.USAGE, "there is no secret 'ospf/kee' (did you mean 'ospf/key'?)"),
        ((), Exit.USAGE, "name secrets, or say --all"),
        (("ospf/key", "--all"), Exit.USAGE, "name secrets, or say --all"),
        (("ospf/key", "--length", "20"), Exit.USAGE, "an OSPF MD5 key takes 16 characters, not 20"),
        (("ospf/key", "--ask"), Exit.USAGE, "nobody is there to answer"),
        (("ospf/key",), Exit.USAGE, "nobody is there to answer: pass --yes"),
    ],
)
def test_what_cannot_be_rotated_leaves_the_vault(
    infra_ctl: Command, vault: Path, arguments: tuple[str, ...], code: Exit, words: str
) -> None:
    before = vault.read_bytes()
    said = infra_ctl("secrets", "rotate", *arguments)
    assert said.code == code
    assert words in said.err
    assert vault.read_bytes() == before


def test_a_value_of_one_s_own_is_typed_unseen(
    infra_ctl: Command, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def prompt(name: str, **how: object) -> str:
        asked.update(how, name=name)
        return "agreedByBothSides"

    monkeypatch.setattr(click, "prompt", prompt)
    assert infra_ctl("secrets", "rotate", "bgp/cpt", "--ask", "--yes").code == Exit.DONE
    assert (asked["name"], asked["hide_input"], asked["confirmation_prompt"]) == ("bgp/cpt", True, True)
    assert open_vault(vault)["bgp/cpt"] == "agreedByBothSides"


def test_a_rotation_is_deployed_and_neither_value_is_shown_or_kept(
    infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the simulated fleet, whose secrets are its own: plan, saved plan, journal and words have none."""
    infra_ctl("deploy", "--yes")
    home = tmp_path / "var" / "embedded"
    old = open_vault(home / "vault.yml", home / "vault-password")
    saved = infra_ctl("plan", "-o", str(tmp_path / "stale.json"))
    rotated = infra_ctl("secrets", "rotate", "bgp/key", "--yes")
    assert rotated.code == Exit.DONE
    new = open_vault(home / "vault.yml", home / "vault-password")
    plan = infra_ctl("plan", "-v", "-o", str(tmp_path / "plan.json"))
    assert " password vault:bgp/key" in plan.out
    assert " password <secret:" in plan.out
    deployed = infra_ctl("deploy", "--yes", "-v", "--output", "json")
    assert deployed.code == Exit.DONE, deployed
    assert deployed.json["devices"]
    shown = infra_ctl("show", "run", deployed.json["run"], "-v")
    left = [file.read_bytes() for file in (tmp_path / "var").glob("journal.db*")]
    left += [(tmp_path / "plan.json").read_bytes(), *unpacked(tmp_path / "var" / "journal.db")]
    left += [
        text.encode() for said in (saved, rotated, plan, deployed, shown) for text in (said.out, said.err)
    ]
    for value in {*old.values(), *new.values()}:
        assert not [text for text in left if value.encode() in text]


def unpacked(file: Path) -> list[bytes]:
    """Snapshots and plans of a journal, which are compressed in it."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT content FROM snapshots UNION SELECT content FROM plans").fetchall()
    assert rows
    return [zlib.decompress(content) for (content,) in rows]


def test_the_words_of_a_defect_are_masked_too(
    infra_ctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Met on one device, and met by the command as a whole."""

    def finish(stepper: Stepper, hostname: str, *_rest: object) -> Ended:
        with stepper.open_device(hostname) as device:
            raise ValueError(f"unexpected: {device.read()}")

    monkeypatch.setattr(Stepper, "finish", finish)
    said = infra_ctl("deploy", "nk-an-hoa-ce1", "--yes")
    assert said.code == Exit.FAILED
    assert "a defect of infra-ctl: ValueError: unexpected: " in said.out
    values = open_vault(
        tmp_path / "var/embedded/vault.yml", tmp_path / "var/embedded/vault-password"
    ).values()
    assert not [value for value in values if value in said.out + said.err]

    def prepare(*_rest: object) -> None:
        raise ValueError(" neighbor 10.0.0.1 password s3cretValue")

    monkeypatch.setattr(planning, "prepare", prepare)
    said = infra_ctl("plan")
    assert said.code == Exit.FAILED
    assert "Traceback" in said.err
    assert "password <secret:" in said.err
    assert "s3cretValue" not in said.err + said.out
