"""A reader that leaves stops no work and changes no exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra_ctl.cli import streams
from infra_ctl.cli.exits import Exit

COMMAND = (sys.executable, "-m", "infra_ctl.cli.app")


def left_by_its_reader(*arguments: str, both: bool = False) -> int:
    """The exit code of a command whose output nobody reads any more, from the first byte on."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        stderr = writing if both else subprocess.DEVNULL
        return subprocess.run([*COMMAND, *arguments], stdout=writing, stderr=stderr, check=False).returncode
    finally:
        os.close(writing)


@pytest.fixture(autouse=True)
def small_city(small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_CTL_INVENTORY", str(small_folder))


def test_a_deployment_goes_on_without_its_reader(tmp_path: Path) -> None:
    assert left_by_its_reader("deploy", "--yes", both=True) == Exit.DONE
    done = subprocess.run([*COMMAND, "plan"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no changes (10 devices, ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("plan",), Exit.DONE),
        (("plan", "--exit-code"), Exit.FOUND),
        (("verify", "-v"), Exit.FOUND),
        (("plan", "pop=zz"), Exit.USAGE),
        (("render",), Exit.DONE),
    ],
)
def test_a_command_keeps_its_exit_code(arguments: tuple[str, ...], code: Exit) -> None:
    assert left_by_its_reader(*arguments) == code


def on_a_full_disk(*arguments: str) -> subprocess.CompletedProcess[str]:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        return subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )


def test_what_a_full_disk_lacks_is_said_in_a_line_once_the_work_is_done(tmp_path: Path) -> None:
    said = on_a_full_disk("deploy", "--yes")
    assert said.returncode == Exit.FAILED
    assert said.stderr.splitlines()[-1] == (
        "error: standard output: No space left on device; not all of it was written"
    )
    assert "Traceback" not in said.stderr
    done = subprocess.run([*COMMAND, "plan"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no changes (10 devices, ")


def test_a_stream_of_somebody_else_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    streams.outlive_readers()
    assert (sys.stdout, sys.stderr) == before
