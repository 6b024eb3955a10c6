"""What a lab keeps in its folder: state, keys, and what is put on a node's disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key
from paramiko.hostkeys import HostKeyEntry

from infra_ctl.errors import LabError, LabUsageError, UnknownError
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.lab import faults, keys, state, twin
from infra_ctl.lab.model import Node, spec
from infra_ctl.lab.node import files
from infra_ctl.lab.requirements import requirements
from infra_ctl.lab.state import Fault, Folder, State

R1 = Node("r1", IPv4Address("10.0.0.1"), ("ospfd",), "hostname r1\n")
ISP = Node("isp", None, ("bgpd",), "hostname isp\n")


def test_state_comes_back_as_it_was(intents: dict[str, DeviceIntent], tmp_path: Path) -> None:
    kept = State(
        spec("t", intents, disk_mb=16), built=True, faults=(Fault("killed", "a/b", command=("x", "-y")),)
    )
    state.save(Folder(tmp_path), kept)
    assert state.load(tmp_path) == kept
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_no_state_is_no_lab(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None
    with pytest.raises(UnknownError, match=r"no lab is up in .*: infra-ctl lab up --context lab:small$"):
        state.require(tmp_path / "small")


def test_half_a_lab_is_not_up(intents: dict[str, DeviceIntent], tmp_path: Path) -> None:
    state.save(Folder(tmp_path), State(spec("t", intents)))
    with pytest.raises(LabError, match=f"is not whole: infra-ctl lab up --context lab:{tmp_path.name}$"):
        state.require(tmp_path)


def test_what_is_up_otherwise_is_to_be_taken_down_by_its_name(
    intents: dict[str, DeviceIntent], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twin, "_is_up", lambda _found: True)
    state.save(Folder(tmp_path / "small"), State(spec("small", intents), built=True))
    with pytest.raises(LabError, match=r"another lab is up in .*: infra-ctl lab down --context lab:small$"):
        twin.up(spec("small", intents, disk_mb=16), tmp_path / "small")


def test_what_a_fault_cannot_be_is_refused(intents: dict[str, DeviceIntent], tmp_path: Path) -> None:
    kept = State(spec("t", intents), built=True)
    state.save(Folder(tmp_path), kept)
    with pytest.raises(LabUsageError, match="cut takes no amount; loss and rate take one"):
        faults.break_(tmp_path, Fault("cut", kept.spec.links[0].circuit, 0.03))
    assert state.load(tmp_path) == kept


def test_what_no_lab_has_was_not_healed(intents: dict[str, DeviceIntent], tmp_path: Path) -> None:
    found = spec("t", intents)
    state.save(Folder(tmp_path), State(found, built=True))
    with pytest.raises(UnknownError, match="lab t has no circuit and no node 'nope'"):
        faults.heal(tmp_path, "nope")
    node = found.nodes[0].hostname
    for name in (found.links[0].circuit, node, f"{node}/ospfd"):
        assert faults.heal(tmp_path, name) == ()


def test_a_foreign_state_file_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"spec": 1}')
    with pytest.raises(LabError, match="take the lab down with that one"):
        state.load(tmp_path)


def test_a_new_fault_replaces_one_of_its_kind_on_its_object(intents: dict[str, DeviceIntent]) -> None:
    found = State(spec("t", intents))
    for fault in (
        Fault("loss", "c", 0.1),
        Fault("rate", "c", 2),
        Fault("loss", "d", 0.1),
        Fault("loss", "c", 0.2),
    ):
        found = found.with_fault(fault)
    assert found.faults == (Fault("rate", "c", 2), Fault("loss", "d", 0.1), Fault("loss", "c", 0.2))
    assert found.without("rate", "c").faults == (Fault("loss", "d", 0.1), Fault("loss", "c", 0.2))


def test_one_command_at_a_time(tmp_path: Path) -> None:
    with (
        Folder(tmp_path).locked(),
        pytest.raises(LabError, match="another command"),
        Folder(tmp_path).locked(),
    ):
        pass
    with Folder(tmp_path).locked():
        pass


def test_keys_are_made_once_and_pinned(tmp_path: Path) -> None:
    keys.ensure(tmp_path, [R1, ISP])
    first = keys.host_key(tmp_path, "r1").read_bytes()
    assert stat.S_IMODE(keys.host_key(tmp_path, "r1").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.controller_key(tmp_path).stat().st_mode) == 0o600
    r2 = Node("r2", IPv4Address("10.0.0.2"), (), "")
    keys.ensure(tmp_path, [R1, r2])
    assert keys.host_key(tmp_path, "r1").read_bytes() == first
    pins = [line.split(" ", 1) for line in keys.known_hosts(tmp_path).read_text().splitlines()]
    assert [address for address, _ in pins] == ["10.0.0.1", "10.0.0.2"]
    pinned = load_ssh_public_key(pins[0][1].encode())
    assert load_ssh_private_key(first, password=None).public_key() == pinned


def test_a_managed_node_lets_the_controller_in_and_nobody_else(tmp_path: Path) -> None:
    keys.ensure(tmp_path, [R1])
    disk = {file.path: file for file in files(R1, tmp_path)}
    public = (tmp_path / "controller.pub").read_text()
    assert disk["root/.ssh/authorized_keys"].text == public
    settings = dict(line.split(" ", 1) for line in disk["etc/ssh/sshd_config"].text.splitlines())
    assert settings["ListenAddress"] == "10.0.0.1:22"
    assert settings["PermitRootLogin"] == "prohibit-password"
    assert {
        settings[name] for name in ("PasswordAuthentication", "KbdInteractiveAuthentication", "UsePAM")
    } == {"no"}
    assert disk["etc/ssh/ssh_host_ed25519_key"].mode == 0o600
    assert (disk["etc/frr/frr.conf"].text, disk["etc/frr/frr.conf"].owner) == ("hostname r1\n", "frr")
    assert disk["etc/hostname"].text == "r1\n"


def test_a_node_off_the_bridge_can_be_called_at_its_uplinks_too(tmp_path: Path) -> None:
    node = replace(R1, bridged=False, uplinks=(IPv4Address("10.1.0.1"), IPv4Address("10.1.0.3")))
    keys.ensure(tmp_path, [node])
    (text,) = [file.text for file in files(node, tmp_path) if file.path == "etc/ssh/sshd_config"]
    listening = [line.split()[1] for line in text.splitlines() if line.startswith("ListenAddress")]
    assert listening == ["10.0.0.1:22", "10.1.0.1:22", "10.1.0.3:22"]


def test_a_renewed_host_key_is_another_one_that_nobody_has_pinned(tmp_path: Path) -> None:
    keys.ensure(tmp_path, [R1])
    pins, old = keys.known_hosts(tmp_path).read_text(), keys.host_key(tmp_path, "r1").read_bytes()
    fingerprint = keys.renew(tmp_path, "r1")
    assert keys.host_key(tmp_path, "r1").read_bytes() != old
    assert keys.known_hosts(tmp_path).read_text() == pins
    keys.ensure(tmp_path, [R1])
    entry = HostKeyEntry.from_line(keys.known_hosts(tmp_path).read_text().splitlines()[0])
    assert entry is not None
    assert entry.key is not None
    assert entry.key.fingerprint == fingerprint


def test_an_unmanaged_node_has_no_door(tmp_path: Path) -> None:
    keys.ensure(tmp_path, [ISP])
    assert [file.path for file in files(ISP, tmp_path) if "ssh" in file.path] == []
    assert keys.known_hosts(tmp_path).read_text() == ""


def test_without_root_one_thing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert requirements(tmp_path) == ("it needs root: run it with sudo",)


def test_missing_packages_are_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = requirements(tmp_path)
    assert "package iproute2 (apt install iproute2)" in missing
    assert len(missing) == len(set(missing))


def test_a_folder_that_overlayfs_cannot_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (reason,) = requirements(tmp_path / "a:b")
    assert "choose another" in reason


def test_a_lab_is_free_as_soon_as_a_command_leaves_it(tmp_path: Path) -> None:
    """Also while another thread is about to start a program, which has every open file until it runs."""
    folder = Folder.of(tmp_path)
    with folder.locked():
        held = os.dup(next(_open_files(tmp_path / "lock")))
    try:
        with folder.locked():
            pass
    finally:
        os.close(held)


def _open_files(path: Path) -> Iterator[int]:
    """Descriptors of this process that are of a file."""
    for link in Path("/proc/self/fd").iterdir():
        if link.exists() and link.resolve() == path.resolve():
            yield int(link.name)
