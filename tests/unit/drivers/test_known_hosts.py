"""Another host key in the place of a device's old ones."""

from __future__ import annotations

import stat
from pathlib import Path

import paramiko
import pytest

from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.known_hosts import line, pin, pinned_keys

OLD, NEW, OTHERS = (paramiko.RSAKey.generate(1024) for _ in range(3))


def text(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def pinned(tmp_path: Path, before: str, port: int = 22) -> tuple[Connection, str]:
    """What known_hosts holds once the new key is pinned."""
    file = tmp_path / "known_hosts"
    file.write_text(before)
    way = Connection("r1", "10.0.0.1", "root", file, port=port)
    pin(way, NEW)
    return way, file.read_text()


HASHED = paramiko.HostKeys.hash_host("10.0.0.1")


@pytest.mark.parametrize(
    "names", ["10.0.0.1", "r1,10.0.0.1", HASHED], ids=["one name", "one of several", "hashed"]
)
def test_the_new_key_takes_the_old_ones_place_under_the_same_names(tmp_path: Path, names: str) -> None:
    others = f"# by hand\n\n10.0.0.2 {text(OTHERS)} of r2\n@revoked 10.0.0.1 {text(OLD)}\n"
    way, after = pinned(tmp_path, f"{names} {text(OLD)} r1\n{others}10.0.0.11 {text(OLD)}\n")
    assert after == f"{names} {text(NEW)}\n{others}10.0.0.11 {text(OLD)}\n"
    assert pinned_keys(way) == [NEW]


def test_of_several_old_keys_none_is_left(tmp_path: Path) -> None:
    _, after = pinned(tmp_path, f"10.0.0.1 {text(OLD)}\n10.0.0.2 {text(OTHERS)}\n10.0.0.1 ssh-ed25519 AAAA\n")
    assert after == f"10.0.0.1 {text(NEW)}\n10.0.0.2 {text(OTHERS)}\n"


@pytest.mark.parametrize("before", ["", f"10.0.0.2 {text(OTHERS)}\n", f"10.0.0.2 {text(OTHERS)}"])
def test_a_device_that_was_never_pinned_gets_a_line(tmp_path: Path, before: str) -> None:
    way, after = pinned(tmp_path, before, port=2222)
    assert after.splitlines()[-1] == f"[10.0.0.1]:2222 {text(NEW)}" == line(way, NEW).rstrip()
    assert len(after.splitlines()) == len(before.splitlines()) + 1


def test_the_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(f"10.0.0.1 {text(OLD)}\n")
    kept.chmod(0o640)
    link = tmp_path / "known_hosts"
    link.symlink_to(kept)
    pin(Connection("r1", "10.0.0.1", "root", link), NEW)
    assert link.is_symlink()
    assert kept.read_text() == f"10.0.0.1 {text(NEW)}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == ["kept", "known_hosts"]
