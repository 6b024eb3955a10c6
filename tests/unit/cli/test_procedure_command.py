"""`infra-ctl procedure`: what is refused before anybody is asked, and what the exit code says afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.procedure import exit_of
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import PROCEDURE, Purpose, RunState, StepState
from infra_ctl.procedure.run import Ended
from infra_ctl.secrets import PASSWORD_FILE, write_vault
from tests.unit.cli.conftest import Command

DONE, FAILED, STOPPED = StepState.DONE, StepState.FAILED, StepState.STOPPED


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where machines could be logged in to; no test here comes so far."""
    monkeypatch.setenv("INFRA_CTL_CONTEXT", "live")


def test_a_city_s_own_procedures_are_listed_with_ours(infra_ctl: Command, small_folder: Path) -> None:
    own = small_folder.parent / "playbooks"
    own.mkdir()
    (own / "failover.yml").write_text("---\n# Move the city to the backup site.\n")
    said = infra_ctl("procedure", "list")
    assert "failover     Move the city to the backup site.\n" in said.out
    listed = {each["name"]: each for each in infra_ctl("procedure", "list", "--output", "json").json}
    assert listed["survey"]["reads_only"]
    assert not listed["isolate"]["reads_only"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("survy",), "there is no procedure 'survy' (did you mean 'survey'?)"),
        (("survey", "-e", "x"), "'x' is no NAME=VALUE"),
        (("survey", "-e", "a b=c"), "'a b=c' is no NAME=VALUE"),
        (("survey", "pop=nowhere"), "means no device"),
        (("survey", "colour=red"), "unknown key 'colour'"),
        (("survey",), "infra_ctl.yml is missing: Ansible needs it"),
        (("isolate", "-e", "target=nk-cai-khe"), "isolate needs -e reason=…"),
        (("isolate", "-e", "target=", "--yes"), "isolate needs -e target=… -e reason=…"),
        (("restore", "--check"), "restore needs -e target=…"),
    ],
)
@pytest.mark.usefixtures("live")
def test_what_cannot_be_begun_is_one_line_and_no_run(
    infra_ctl: Command, small_folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    if len(arguments) > 1:
        (small_folder / "infra_ctl.yml").write_text("plugin: infra_ctl\n")
    said = infra_ctl("procedure", "run", *arguments)
    assert said.code == Exit.USAGE, said
    assert words in said.err
    assert "Traceback" not in said.err
    assert infra_ctl("procedure", "status").out.startswith("no procedures yet: ")


@pytest.mark.parametrize("procedure", ["survey", "patch"])
@pytest.mark.usefixtures("live")
def test_a_wrong_vault_key_is_told_before_anybody_is_asked(
    infra_ctl: Command, small_folder: Path, monkeypatch: pytest.MonkeyPatch, procedure: str
) -> None:
    (small_folder / "infra_ctl.yml").write_text("plugin: infra_ctl\n")
    password = small_folder / "password"
    password.write_text("right\n")
    write_vault(small_folder / "vault.yml", password, {"ospf/key": "x"})
    password.write_text("wrong\n")
    monkeypatch.setenv(PASSWORD_FILE, str(password))
    said = infra_ctl("procedure", "run", procedure, "--yes")
    cause = f"error: {small_folder / 'vault.yml'} does not open with this password, or is damaged\n"
    assert (said.code, said.err) == (Exit.USAGE, cause)
    assert infra_ctl("procedure", "status").out.startswith("no procedures yet: ")


@pytest.mark.usefixtures("live")
def test_what_changes_something_is_asked_for(infra_ctl: Command, small_folder: Path) -> None:
    (small_folder / "infra_ctl.yml").write_text("plugin: infra_ctl\n")
    said = infra_ctl("procedure", "run", "patch", "nk-pop1")
    assert (said.code, "pass --yes" in said.err) == (Exit.USAGE, True)


def test_a_simulated_fleet_is_no_place_for_one(infra_ctl: Command) -> None:
    said = infra_ctl("procedure", "run", "survey")
    assert (said.code, "has nobody to log in to" in said.err) == (Exit.USAGE, True)


def test_a_procedure_is_neither_gone_on_with_nor_rolled_back(infra_ctl: Command, tmp_path: Path) -> None:
    infra_ctl("db", "upgrade")
    journal = open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")
    run = journal.start_run(Purpose(PROCEDURE, "embedded", "survey", "", ""), lambda _run: ())
    journal.finish_run(run.id, RunState.FAILED, "1 failed")
    journal.close()
    for command in ("resume", "rollback"):
        said = infra_ctl(command, run.id, "--yes")
        assert (said.code, "is a procedure" in said.err) == (Exit.REFUSED, True), said
    assert infra_ctl("procedure", "status", run.id).out.startswith(f"{run.id}  procedure  failed  1 failed")
    assert infra_ctl("procedure", "status", "--output", "json").json[0]["id"] == run.id


def test_a_procedure_that_runs_is_aborted_and_not_paused(infra_ctl: Command, tmp_path: Path) -> None:
    infra_ctl("db", "upgrade")
    journal = open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")
    run = journal.start_run(Purpose(PROCEDURE, "embedded", "survey", "", ""), lambda _run: ())
    journal.close()
    said = infra_ctl("run", "pause", run.id)
    assert (said.code, "can be aborted, and no more" in said.err) == (Exit.REFUSED, True), said
    assert f"run {run.id}: abort, at once" in infra_ctl("run", "abort", run.id).out


def test_another_run_is_no_procedure(infra_ctl: Command) -> None:
    infra_ctl("deploy", "--yes")
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    said = infra_ctl("procedure", "status", run)
    assert (said.code, f"run {run} is no procedure" in said.err) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("state", "machines", "code"),
    [
        (RunState.DONE, {"a": DONE}, Exit.DONE),
        (RunState.FAILED, {"a": FAILED, "b": STOPPED}, Exit.FAILED),
        (RunState.FAILED, {"a": DONE, "b": STOPPED}, Exit.PARTIAL),
        (RunState.FAILED, {}, Exit.USAGE),
        (RunState.STOPPED, {"a": DONE}, Exit.INTERRUPTED),
    ],
)
def test_exit_codes(state: RunState, machines: dict[str, StepState], code: Exit) -> None:
    assert exit_of(Ended(state, {name: (end, "") for name, end in machines.items()})) == code
