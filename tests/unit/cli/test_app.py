"""The command line: one line an error, the documented exit code, and help that teaches."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click
import pytest

from infra_ctl.cli import app
from infra_ctl.cli.exits import Exit
from infra_ctl.errors import (
    InfraCtlError,
    InventoryError,
    LabError,
    LabUsageError,
    Problem,
    RefusedError,
    SecretError,
    UnreachableError,
    UnusableError,
)

INVENTORY = Path(__file__).parents[3] / "inventory"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of `infra-ctl ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["infra-ctl", *arguments])
    with pytest.raises(SystemExit) as stop:
        app.main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


def leaves(command: click.Command, path: str = "infra-ctl") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(leaves(app.root))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_has_an_example_of_itself(path: str) -> None:
    text = cleandoc(COMMANDS[path].help or "")
    assert f"\n{path}" in text, f"{path} --help shows no example"


def test_a_mistyped_command_is_answered_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "chek") == Exit.USAGE
    assert "did you mean 'check'" in capsys.readouterr().err


def test_all_problems_of_an_inventory_are_shown_with_their_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "inventory"
    shutil.copytree(INVENTORY, folder)
    communes = folder / "communes.csv"
    text = communes.read_text(encoding="utf-8")
    text = text.replace("nk-an-hoa,31120,nk,11,commune,none", "nk-an-hoa,31120,nk,11,comune,none")
    communes.write_text(text.replace("nk-an-cu,31129,", "nk-an-cu,99999,"), encoding="utf-8")
    assert run(monkeypatch, "check", "-i", str(folder)) == Exit.USAGE
    said = capsys.readouterr().err
    assert "communes.csv:7:5: profile 'comune' does not exist (did you mean 'commune'?)" in said
    assert "communes.csv:10:2:" in said
    assert said.endswith("2 problems\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InventoryError([Problem("a", 1, 1, "x")]), Exit.USAGE),
        (SecretError("vault:x is not there"), Exit.USAGE),
        (UnusableError("banana"), Exit.USAGE),
        (RefusedError("no"), Exit.REFUSED),
        (LabError("no lab"), Exit.FAILED),
        (LabUsageError("no such daemon"), Exit.USAGE),
        (UnreachableError("nk-pop1", "timed out"), Exit.FAILED),
    ],
)
def test_errors_have_their_exit_codes(error: InfraCtlError, code: Exit) -> None:
    assert app.exit_code(error) is code


def test_an_error_of_ours_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "show", "run", "2026-01-01-001", "--context", "nowhere") == Exit.USAGE
    assert (
        capsys.readouterr().err
        == "error: there is no context 'nowhere'; there are live, lab, lab:NAME and embedded\n"
    )


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m infra_ctl.cli.app render -i {INVENTORY} | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_help_does_not_import_what_only_commands_need() -> None:
    code = (
        "import sys, infra_ctl.cli.app as a; a.root.main(['-h'], standalone_mode=False); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "pydantic",
        "sqlalchemy",
        "paramiko",
        "netmiko",
        "napalm",
        "networkx",
        "ansible",
        "jinja2",
    }
