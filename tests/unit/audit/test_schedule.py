"""What calls us: units that systemd takes, a crontab, nothing of anybody else's lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from infra_ctl.audit import installing
from infra_ctl.audit.schedule import JOBS, MARK, Caller, crontab, units
from infra_ctl.errors import RefusedError

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    var = tmp_path / "var"
    var.mkdir()
    environment = {"INFRA_CTL_INVENTORY": "/srv/city/inventory", "INFRA_CTL_VAR": str(var)}
    return Caller(("/bin/true",), "daemon", var, environment, (var,), is_hardened=True)


def put(folder: Path, texts: Mapping[str, str]) -> tuple[installing.Placed, ...]:
    files = installing.placed(folder, texts)
    installing.write(files)
    return files


@needs_systemd
@pytest.mark.parametrize("is_hardened", [True, False])
def test_systemd_takes_every_unit(caller: Caller, tmp_path: Path, is_hardened: bool) -> None:
    texts = units(JOBS, replace(caller, is_hardened=is_hardened))
    assert sorted(texts) == sorted(
        f"infra-ctl-{name}.{kind}" for name in JOBS for kind in ("service", "timer")
    )
    installing.refuse_unfit(installing.placed(tmp_path, texts))


@needs_systemd
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("OnCalendar=*:0/15", "OnCalendar=*:0/15/x", "calendar"),
        ("ProtectSystem=strict", "ProtectSystem=strictly", "strictly"),
        ('ExecStart="/bin/true"', 'ExecStart="/nowhere/infra-ctl"', "/nowhere/infra-ctl is not executable"),
    ],
)
def test_what_systemd_does_not_take_is_refused(
    caller: Caller, tmp_path: Path, old: str, new: str, said: str
) -> None:
    texts = {name: text.replace(old, new) for name, text in units(["audit"], caller).items()}
    with pytest.raises(RefusedError, match=f"systemd does not take them: .*{said}"):
        installing.refuse_unfit(installing.placed(tmp_path, texts))


@needs_systemd
def test_whatever_is_in_a_path_is_one_word(caller: Caller, tmp_path: Path) -> None:
    """A blank, a per cent sign and a dollar begin nothing of their own; nor do a quote and a backslash.

    Those two are in no path of a program that systemd would start.
    """
    odd = tmp_path / 'a "b" %n $HOME \\x'
    program = tmp_path / "a %n $HOME" / "infra-ctl"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {"INFRA_CTL_VAR": str(odd)}
    texts = units(["audit"], replace(caller, program=(str(program),), var=odd, environment=environment))
    installing.refuse_unfit(installing.placed(tmp_path, texts))
    escaped = str(odd).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    service = texts["infra-ctl-audit.service"]
    assert f'Environment="INFRA_CTL_VAR={escaped}"\n' in service
    assert f'ExecStart="{str(program).replace("%", "%%")}" audit --due\n' in service


def test_a_timer_calls_each_quarter_and_catches_up(caller: Caller) -> None:
    timer = units(["audit"], caller)["infra-ctl-audit.timer"]
    assert "OnCalendar=*:0/15\n" in timer
    assert "Persistent=true\n" in timer
    assert "SuccessExitStatus=3\n" in units(["audit"], caller)["infra-ctl-audit.service"]


def test_a_crontab_calls_at_the_hours_of_its_machine(caller: Caller) -> None:
    (text,) = crontab(["audit", "drift"], replace(caller, program=("/opt/50%/infra-ctl",)), UTC).values()
    assert text.startswith(MARK)
    assert "INFRA_CTL_INVENTORY=/srv/city/inventory\n" in text
    assert "*/15 * * * * daemon /opt/50\\%/infra-ctl audit --due 2>&1 | logger -t infra-ctl\n" in text
    assert "\n30 22 * * * daemon " in text
    (text,) = crontab(["drift"], caller, timezone(timedelta(hours=7))).values()
    assert "\n30 5 * * * daemon " in text


def test_what_is_written_again_is_unchanged(caller: Caller, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    first = put(folder, units(["audit"], caller))
    assert all(each.diff for each in first)
    timer = folder / "infra-ctl-audit.timer"
    assert timer.stat().st_mode & 0o777 == 0o644
    before = timer.stat().st_mtime_ns, timer.stat().st_ino
    again = put(folder, units(["audit"], caller))
    assert all(each.is_right and not each.diff for each in again)
    assert (timer.stat().st_mtime_ns, timer.stat().st_ino) == before
    assert sorted(each.name for each in folder.iterdir()) == [
        "infra-ctl-audit.service",
        "infra-ctl-audit.timer",
    ]


def test_a_change_is_shown_as_a_diff_and_written(caller: Caller, tmp_path: Path) -> None:
    put(tmp_path, units(["audit"], caller))
    service, timer = put(tmp_path, units(["audit"], replace(caller, user="bin")))
    assert "-User=daemon" in service.diff
    assert "+User=bin" in service.diff
    assert timer.is_right
    assert "User=bin\n" in (tmp_path / "infra-ctl-audit.service").read_text(encoding="utf-8")


@pytest.mark.parametrize("foreign", ["[Timer]\nOnCalendar=daily\n", ""])
def test_what_is_not_ours_is_left_alone(caller: Caller, tmp_path: Path, foreign: str) -> None:
    """An empty one too: so systemd has what somebody masked."""
    (tmp_path / "infra-ctl-audit.timer").write_text(foreign, encoding="utf-8")
    files = installing.placed(tmp_path, units(["audit"], caller))
    with pytest.raises(RefusedError, match=r"not written by us, and left alone: .*audit\.timer$"):
        installing.refuse_foreign(files)


@needs_systemd
def test_systemd_reads_each_calendar(caller: Caller) -> None:
    for job in JOBS.values():
        command = ("systemd-analyze", "calendar", job.calendar)
        subprocess.run(command, check=True, capture_output=True, timeout=60)
