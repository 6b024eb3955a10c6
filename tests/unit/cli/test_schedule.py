"""`infra-ctl schedule`: what calls us, and when what runs."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from infra_ctl.audit import installing
from infra_ctl.audit.schedule import JOBS
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.schedule import NAMES
from tests.unit.cli.conftest import Command

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of systemd's and cron's that is not this one."""
    monkeypatch.setattr(installing, "SYSTEMD", tmp_path / "systemd")
    monkeypatch.setattr(installing, "CRON", tmp_path / "cron.d")
    monkeypatch.setattr(installing, "BOOTED", tmp_path / "booted")
    return tmp_path


def there(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def systemctl(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemctl was told, a line each: systemd would run this machine."""
    (elsewhere / "booted").mkdir()
    told = elsewhere / "told"
    program = elsewhere / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{told}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return told


@pytest.fixture
def audits(small_folder: Path) -> None:
    text = """\
audits:
  weekly: {calendar: 30 1 * * sun, laws: [city-standard], notify: [soc]}
  daily: {calendar: 0 6 * * *, laws: [tslcd-2026], where: role=ce}
notify: {soc: {webhook: {url: "https://soc.example/"}}}
"""
    (small_folder / "audits.yaml").write_text(text, encoding="utf-8")


def test_units_are_written_where_they_are_to_be(infra_ctl: Command, elsewhere: Path) -> None:
    folder = elsewhere / "units"
    said = infra_ctl("schedule", "install", "-o", str(folder), "--program", "/bin/true")
    assert said.code == Exit.DONE, said.err
    assert '+ExecStart="/bin/true" audit --due' in said.out
    assert said.out.splitlines()[-1] == "2 written · 0 unchanged"
    service = (folder / "infra-ctl-audit.service").read_text(encoding="utf-8")
    assert f"User={ME}\n" in service
    assert f'Environment="INFRA_CTL_VAR={elsewhere}/var"\n' in service
    assert 'Environment="INFRA_CTL_CONTEXT=embedded"\n' in service
    said = infra_ctl("schedule", "install", "-o", str(folder), "--program", "/bin/true")
    assert said.out.splitlines() == ["0 written · 2 unchanged"]


def test_a_service_has_the_journal_of_who_installed_it(
    infra_ctl: Command, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works in another folder: a path from here would be another file there."""
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("INFRA_CTL_JOURNAL", "sqlite:///kept/journal.db")
    said = infra_ctl("schedule", "install", "-o", "units", "--program", "/bin/true")
    assert said.code == Exit.DONE, said.err
    service = (elsewhere / "units/infra-ctl-audit.service").read_text(encoding="utf-8")
    assert f'Environment="INFRA_CTL_JOURNAL=sqlite:///{elsewhere}/kept/journal.db"\n' in service
    assert f'ReadWritePaths="{elsewhere}/kept"\n' in service


@pytest.mark.parametrize("option", ["--user", "--program"])
def test_nothing_adds_lines_to_a_unit(infra_ctl: Command, elsewhere: Path, option: str) -> None:
    said = infra_ctl(
        "schedule", "install", "-o", str(elsewhere / "units"), option, "root\nExecStart=/bin/true"
    )
    assert said.code == Exit.USAGE
    assert said.err == f"error: {option}: a line break or the like cannot be written into a unit\n"
    assert not (elsewhere / "units").exists()


def test_what_is_only_shown_is_not_written(infra_ctl: Command, elsewhere: Path) -> None:
    said = infra_ctl("schedule", "install", "--dry-run", "--program", "/bin/true")
    assert said.code == Exit.DONE
    assert said.out.splitlines()[-1] == "2 would be written · 0 unchanged"
    assert not (elsewhere / "systemd").exists()
    assert not (elsewhere / "var").exists()


def test_without_systemd_nothing_is_installed_but_a_crontab(infra_ctl: Command, elsewhere: Path) -> None:
    said = infra_ctl("schedule", "install")
    assert said.code == Exit.USAGE
    assert said.err.startswith("error: systemd does not run this machine: --crontab")
    said = infra_ctl("schedule", "install", "audit", "backup", "--crontab", "--program", "/bin/true")
    assert said.code == Exit.DONE, said.err
    text = (elsewhere / "cron.d/infra-ctl").read_text(encoding="utf-8")
    assert f"*/15 * * * * {ME} /bin/true audit --due 2>&1 | logger -t infra-ctl\n" in text
    assert infra_ctl("schedule", "show").out.splitlines()[-1] == str(elsewhere / "cron.d/infra-ctl")
    assert infra_ctl("schedule", "remove", "--crontab").out.splitlines()[-1] == "1 removed · 0 unchanged"
    assert not (elsewhere / "cron.d/infra-ctl").exists()


def test_a_timer_waits_from_now_on_and_no_more(infra_ctl: Command, elsewhere: Path, systemctl: Path) -> None:
    said = infra_ctl("schedule", "install", "--program", "/bin/true")
    assert said.code == Exit.DONE, said.err
    assert said.out.splitlines()[-2:] == ["2 written · 0 unchanged", "infra-ctl-audit.timer waits"]
    assert systemctl.read_text(encoding="utf-8").splitlines() == [
        "daemon-reload",
        "enable --now --quiet infra-ctl-audit.timer",
    ]
    assert infra_ctl("schedule", "show").out.splitlines()[-1] == "infra-ctl-audit.timer waits"
    systemctl.unlink()
    assert infra_ctl("schedule", "remove").out.splitlines()[-1] == "2 removed · 0 unchanged"
    assert systemctl.read_text(encoding="utf-8").splitlines() == [
        "disable --now --quiet infra-ctl-audit.timer",
        "daemon-reload",
    ]
    assert there(elsewhere / "systemd") == []


def test_what_systemctl_refuses_is_said(infra_ctl: Command, systemctl: Path) -> None:
    program = systemctl.parent / "bin/systemctl"
    program.write_text("#!/bin/sh\necho Access denied >&2\nexit 4\n", encoding="utf-8")
    said = infra_ctl("schedule", "install", "--program", "/bin/true")
    assert said.code == Exit.FAILED
    assert said.err == "error: systemctl daemon-reload: Access denied\n"


def test_what_is_not_ours_is_left_alone(infra_ctl: Command, elsewhere: Path) -> None:
    theirs = elsewhere / "cron.d/infra-ctl"
    theirs.parent.mkdir()
    theirs.write_text("# mine\n", encoding="utf-8")
    for words in (("install", "--program", "/bin/true"), ("remove",)):
        said = infra_ctl("schedule", *words, "--crontab")
        assert said.code == Exit.REFUSED
        assert said.err == f"error: not written by us, and left alone: {theirs}\n"
    assert theirs.read_text(encoding="utf-8") == "# mine\n"


def test_some_jobs_are_removed_and_others_stay(infra_ctl: Command, elsewhere: Path) -> None:
    where = ("-o", str(elsewhere / "units"))
    infra_ctl("schedule", "install", "audit", "drift", *where, "--program", "/bin/true")
    assert infra_ctl("schedule", "remove", "drift", *where).out.splitlines()[-1] == "2 removed · 0 unchanged"
    assert there(elsewhere / "units") == ["infra-ctl-audit.service", "infra-ctl-audit.timer"]
    assert infra_ctl("schedule", "remove", "drift", *where).out == "nothing is there\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--user", "nobody-of-that-name"), "there is no user 'nobody-of-that-name' on this machine"),
        (("--program", "/nowhere/infra-ctl"), "/nowhere/infra-ctl is not executable"),
    ],
)
def test_what_cannot_be_called_is_said(
    infra_ctl: Command, elsewhere: Path, words: tuple[str, ...], said: str
) -> None:
    (elsewhere / "booted").mkdir()
    ended = infra_ctl("schedule", "install", *words)
    assert ended.code in (Exit.USAGE, Exit.REFUSED)
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (elsewhere / "systemd").exists()


def test_what_is_for_another_machine_need_not_be_here(infra_ctl: Command, elsewhere: Path) -> None:
    folder = elsewhere / "units"
    said = infra_ctl(
        "schedule", "install", "-o", str(folder), "--user", "infra-far", "--program", "/opt/far/infra-ctl"
    )
    assert said.code == Exit.DONE, said.err
    text = (folder / "infra-ctl-audit.service").read_text(encoding="utf-8")
    assert "User=infra-far\n" in text
    assert 'ExecStart="/opt/far/infra-ctl" audit --due\n' in text
    assert not (elsewhere / "var").exists()


def test_a_password_is_in_no_unit(
    infra_ctl: Command, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_JOURNAL", "postgresql+psycopg://infra:hunter2@db.example/journal")
    said = infra_ctl("schedule", "install", "-o", str(elsewhere / "units"), "--program", "/bin/true")
    assert said.code == Exit.DONE, said.err
    assert "write it into /etc/infra-ctl/schedule.env, mode 600" in said.out
    assert "hunter2" not in said.out + (elsewhere / "units/infra-ctl-audit.service").read_text(
        encoding="utf-8"
    )
    said = infra_ctl("schedule", "install", "--crontab", "--program", "/bin/true")
    assert said.code == Exit.USAGE
    assert "a crontab can be read by all" in said.err


@pytest.mark.usefixtures("audits", "elsewhere")
def test_when_each_audit_is_due(infra_ctl: Command) -> None:
    lines = infra_ctl("schedule", "show").out.splitlines()
    assert [line.split() for line in lines] == [
        ["audit", "calendar", "last", "next", "told"],
        ["weekly", "30", "1", "*", "*", "sun", "never", "due", "soc"],
        ["daily", "0", "6", "*", "*", "*", "never", "due", "nobody"],
        ["nothing", "calls", "them:", "infra-ctl", "schedule", "install"],
    ]
    said = infra_ctl("schedule", "show", "--output", "json").json
    assert said["called"] == []
    assert [(each["name"], each["last"]) for each in said["audits"]] == [("weekly", None), ("daily", None)]
    assert said["audits"][1]["next"].endswith("23:00:00+00:00")  # six in the morning there


@pytest.mark.usefixtures("elsewhere")
def test_a_city_without_audits_says_so(infra_ctl: Command) -> None:
    assert (
        infra_ctl("schedule", "show").out.splitlines()[0] == "no audit runs by itself: audits.yaml names none"
    )


def test_every_job_can_be_named() -> None:
    assert tuple(JOBS) == NAMES
