"""The runners beneath a driver, and how a driver is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.drivers.command import Completed, LocalRunner
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.frr.config_driver import FrrConfigDriver
from infra_ctl.drivers.frr.shell import Shell, decoded, encoded
from infra_ctl.drivers.registry import open_driver
from infra_ctl.drivers.replay import RecordingRunner, ReplayRunner, recording_of
from infra_ctl.errors import CredentialsError, DeviceError, InfraCtlError, SessionLostError, UnreachableError


def test_a_local_command():
    assert LocalRunner("r1").run("cat; exit 3", b"in") == Completed(3, b"in", b"")


def test_a_local_command_that_takes_too_long():
    with pytest.raises(SessionLostError, match="r1: no answer"):
        LocalRunner("r1").run("sleep 5", timeout=0.1)


def test_a_namespace_that_cannot_be_entered():
    with pytest.raises(UnreachableError):
        LocalRunner("r1", enter=("/nowhere/nsenter",)).run("true")


def test_what_is_recorded_is_replayed(tmp_path):
    recording = RecordingRunner(LocalRunner("r1", environment={"X": "Cần Thơ"}), tmp_path / "new")
    for command in ("echo $X", "echo no; exit 1"):
        recorded = recording.run(command)
        assert ReplayRunner("r1", tmp_path / "new").run(command) == recorded


def test_what_is_not_recorded_is_an_error(tmp_path):
    with pytest.raises(DeviceError, match="`show all` is not recorded"):
        ReplayRunner("r1", tmp_path).run("show all")


def test_a_recording_is_named_after_its_command():
    assert recording_of("A=/dev/null vtysh -c 'show version'") == "vtysh_c_show_version.txt"
    assert len(recording_of("x" * 1000)) < 200


def test_a_command_that_must_succeed_says_why_it_did_not():
    with pytest.raises(DeviceError, match="r1: `echo no >&2; false`: no"):
        Shell("r1", LocalRunner("r1")).text("echo no >&2; false")


@pytest.fixture
def sudo(tmp_path):
    """A `sudo` that does what it is told, or refuses when there is a file `refuse`."""
    program = tmp_path / "sudo"
    program.write_text(
        f'#!/bin/sh\n[ ! -e {tmp_path}/refuse ] || {{ echo "sudo: a password is required" >&2; exit 1; }}\n'
        '[ "$1" = -n ] && shift && exec "$@"\n'
    )
    program.chmod(0o755)
    runner = LocalRunner("r1", environment={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    return Shell("r1", runner, sudo=True)


def test_everything_goes_through_sudo(sudo):
    assert sudo.text("cat && echo 'it''s'", b"in ") == "in its\n"


def test_sudo_that_wants_a_password(sudo, tmp_path):
    (tmp_path / "refuse").touch()
    with pytest.raises(CredentialsError, match="a password is required"):
        sudo.text("true")


def test_bytes_that_are_no_text_come_back_as_they_were():
    raw = "description Cần Thơ ".encode() + b"\xff\xfe"
    assert encoded(decoded(raw)) == raw


def test_a_driver_is_found_by_platform():
    connection = Connection("r1", "10.0.0.1", "root", Path("known_hosts"))
    assert isinstance(open_driver("frr", connection), FrrConfigDriver)
    with pytest.raises(InfraCtlError, match="no driver for platform 'ios'; there are: frr"):
        open_driver("ios", connection)


def test_a_driver_is_used_with_with(tmp_path):
    driver = FrrConfigDriver("r1", lambda: ReplayRunner("r1", tmp_path))
    with pytest.raises(RuntimeError, match="with"):
        driver.read()
