"""What cannot be meant is answered in words, with the documented exit code, and never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nope"], "No such option"),
        (["deploy", "--nope"], "No such option"),
        (["plan", "--output", "xml"], "'xml' is not one of"),
        (["deploy", "--max-fail", "some"], "'some' is neither a count nor a percentage"),
        (["deploy", "--max-fail", "-1"], "'-1' is neither a count nor a percentage"),
        (["deploy", "--max-fail", "1.5%"], "'1.5%' is neither a count nor a percentage"),
        (["deploy", "--timer", "0"], "0 is not in the range x>=8"),
        (["deploy", "--timer", "soon"], "'soon' is not a valid integer"),
        (["deploy", "--plan", "nowhere.json"], "'nowhere.json' does not exist"),
        (["verify", "--wait", "-1"], "-1 is not in the range x>=0"),
        (["runs", "--last", "0"], "0 is not in the range x>=1"),
        (["adopt", "nk-pop1", "--claim", "--keep"], "--claim and --keep exclude each other"),
        (["adopt", "nk-pop1", "--claim"], "say why with --reason"),
        (["adopt"], "Missing argument 'DEVICE'"),
        (["plan", "pop=zz"], "selector, column 1: 'pop=zz' means no device"),
        (["plan", "colour=red"], "selector, column 1: unknown key 'colour'"),
        (["deploy", "nk-pop2"], "'nk-pop2' means no device and no host (did you mean 'nk-pop1'?)"),
        (["verify", "level>x"], "level is never 'x'"),
        (["render", "pop==nk"], "selector, column "),
        (["ip", "list", "(pop=nk"], "selector, column "),
        (["show", "run", "2026-01-01-001"], "there is no run 2026-01-01-001; infra-ctl runs lists them"),
        (["show", "device", "nk-pop2"], "there is no device 'nk-pop2' (did you mean 'nk-pop1'?)"),
        (["adopt", "nk-pop2"], "there is no device 'nk-pop2' (did you mean 'nk-pop1'?)"),
        (["lab", "up", "--hosts", "dc-app-2"], "'dc-app-2' means no host (did you mean 'dc-app-1'?)"),
        (["lab", "up", "--hosts", "device=x"], "selector, column 1: unknown key 'device'"),
        (["deploy", "--max-fail", "101%"], "'101%' is more than all of them"),
    ],
)
def test_a_usage_error_is_answered_and_nothing_is_tried(
    infra_ctl: Command, arguments: list[str], said: str
) -> None:
    answer = infra_ctl(*arguments)
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert said in answer.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "-o", "/dev/null/plan.json"], "error: /dev/null/plan.json: Not a directory\n"),
        (["render", "nk-pop1", "-o", "/dev/null/x"], "error: /dev/null/x: Not a directory\n"),
        (["schema", "-o", "/dev/null/x"], "error: /dev/null/x: Not a directory\n"),
    ],
)
def test_what_cannot_be_done_is_one_line(infra_ctl: Command, arguments: list[str], said: str) -> None:
    answer = infra_ctl(*arguments)
    assert answer.code == Exit.FAILED
    assert answer.err.endswith(said)


def test_a_folder_that_is_no_inventory_is_a_problem_of_it(infra_ctl: Command, tmp_path: Path) -> None:
    answer = infra_ctl("check", "-i", str(tmp_path / "nowhere"))
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert str(tmp_path / "nowhere") in answer.err


def test_a_place_for_our_files_that_cannot_be_is_one_line(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_VAR", "/dev/null/var")
    answer = infra_ctl("plan")
    assert (answer.code, answer.out) == (Exit.FAILED, "")
    assert answer.err == "error: /dev/null/var/embedded: Not a directory\n"


def test_a_saved_plan_and_a_selector_exclude_each_other(infra_ctl: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    infra_ctl("plan", "-o", str(plan))
    answer = infra_ctl("deploy", "pop=nk", "--plan", str(plan))
    assert answer.code == Exit.USAGE
    assert "a saved plan names its devices: leave the selector out" in answer.err


def test_a_file_that_is_no_plan_is_refused(infra_ctl: Command, small_folder: Path) -> None:
    answer = infra_ctl("deploy", "--plan", str(small_folder / "city.yaml"))
    assert (answer.code, answer.out) == (Exit.REFUSED, "")
    assert answer.err.splitlines()[-1].startswith(f"error: {small_folder / 'city.yaml'} is not a plan")


def test_where_nobody_can_answer_nothing_is_deployed(infra_ctl: Command) -> None:
    answer = infra_ctl("deploy")
    assert answer.code == Exit.USAGE
    assert "nobody is there to answer: pass --yes" in answer.err
    assert "no runs yet" in infra_ctl("runs").out
