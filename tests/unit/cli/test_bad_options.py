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
        (["show", "run", "2026-01-01-001"], "there is no journal yet at sqlite:///"),
        (["show", "device", "nk-pop2"], "there is no device 'nk-pop2' (did you mean 'nk-pop1'?)"),
        (["adopt", "nk-pop2"], "there is no device 'nk-pop2' (did you mean 'nk-pop1'?)"),
        (["lab", "up", "--hosts", "dc-app-2"], "'dc-app-2' means no host (did you mean 'dc-app-1'?)"),
        (
            ["lab", "up", "pop=nk", "--hosts", "dc-ntp-1"],
            "host dc-ntp-1 is behind dc-core1 or dc-core2, which this lab does not have: select one too",
        ),
        (["lab", "up", "--hosts", "device=x"], "selector, column 1: unknown key 'device'"),
        (["lab", "forward", "9090"], "'9090' is not PORT:ADDRESS:PORT"),
        (["lab", "forward", "9090:[2001:db8::1:80"], "or 3000:[2001:db8::20]:3000"),
        (["lab", "forward", "70000:10.0.0.1:80"], "a port is 1 to 65535, and on this side 0 for any"),
        (["lab", "forward", "0:10.0.0.1:0"], "a port is 1 to 65535"),
        (["lab", "forward", "0:[2001:db8::1]:99999"], "a port is 1 to 65535"),
        (["export", "reflector", "--netns", "nope"], "cannot enter nope: No such file or directory"),
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
def test_what_cannot_be_written_is_one_line_before_anything_is_asked(
    infra_ctl: Command, arguments: list[str], said: str
) -> None:
    answer = infra_ctl(*arguments)
    assert (answer.code, answer.out, answer.err) == (Exit.USAGE, "", said)


def test_a_plan_that_cannot_be_saved_in_the_end_has_failed(infra_ctl: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    (tmp_path / ".plan.json.new").mkdir()
    answer = infra_ctl("plan", "nk-pop1", "-o", str(plan))
    assert (answer.code, answer.err.splitlines()[-1]) == (Exit.FAILED, f"error: {plan}: Is a directory")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("INFRA_CTL_JOURNAL", "banana", "error: the journal's URL cannot be used: "),
        ("INFRA_CTL_JOURNAL", "mysql://x/y", "error: the journal's URL cannot be used: "),
        ("INFRA_CTL_CONTEXT", "lab:nosuch", "error: no lab is up in "),
    ],
)
def test_a_setting_that_means_nothing_is_a_usage_error(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    answer = infra_ctl("plan")
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert answer.err.splitlines()[-1].startswith(said)


def test_a_folder_that_is_no_inventory_is_a_problem_of_it(infra_ctl: Command, tmp_path: Path) -> None:
    answer = infra_ctl("check", "-i", str(tmp_path / "nowhere"))
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert str(tmp_path / "nowhere") in answer.err


def test_a_place_for_our_files_that_cannot_be_is_one_line(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_VAR", "/dev/null/var")
    for command in ("plan", "runs", "check"):
        answer = infra_ctl(command)
        assert (answer.code, answer.out) == (Exit.USAGE, "")
        assert answer.err == "error: /dev/null/var: /dev/null is not a folder (INFRA_CTL_VAR)\n"


def test_a_saved_plan_and_a_selector_exclude_each_other(infra_ctl: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    infra_ctl("plan", "-o", str(plan))
    answer = infra_ctl("deploy", "pop=nk", "--plan", str(plan))
    assert answer.code == Exit.USAGE
    assert "a saved plan names its devices: leave the selector out" in answer.err


def test_a_file_that_is_no_plan_is_a_usage_error(infra_ctl: Command, small_folder: Path) -> None:
    answer = infra_ctl("deploy", "--plan", str(small_folder / "city.yaml"))
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert answer.err.splitlines()[-1].startswith(f"error: {small_folder / 'city.yaml'} is not a plan")


def test_where_nobody_can_answer_nothing_is_deployed(infra_ctl: Command) -> None:
    answer = infra_ctl("deploy")
    assert answer.code == Exit.USAGE
    assert "nobody is there to answer: pass --yes" in answer.err
    assert infra_ctl("runs").out == "no runs yet\n"


def test_who_reads_a_journal_that_is_not_there_makes_none(infra_ctl: Command, tmp_path: Path) -> None:
    """A mistyped INFRA_CTL_VAR is told, not obeyed."""
    none = f"there is no journal yet at sqlite:///{tmp_path / 'var' / 'journal.db'}\n"
    said = infra_ctl("runs")
    assert (said.code, said.out) == (Exit.DONE, f"no runs yet: {none}")
    said = infra_ctl("runs", "--output", "json")
    assert (said.code, said.json, said.err) == (Exit.DONE, [], f"no runs yet: {none}")
    run = "2026-01-01-001"
    for command in (("show", "run"), ("resume",), ("rollback",), ("run", "pause")):
        said = infra_ctl(*command, run)
        assert (said.code, said.out, said.err) == (Exit.USAGE, "", f"error: {none}"), command
    assert not (tmp_path / "var").exists()


def test_texts_are_written_and_printed_too_where_json_is_asked_for(
    infra_ctl: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "build"
    said = infra_ctl("render", "pop=nk", "-o", str(folder), "--output", "json")
    assert (said.code, said.err) == (Exit.DONE, f"{len(said.json)} files in {folder}\n")
    written = {file.stem: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert written == said.json


@pytest.mark.parametrize("content", [b"ospf:\n  key: s3cret\n", b"", b"\xff\xfe"])
def test_a_vault_that_is_none_is_a_problem_of_the_inventory(
    infra_ctl: Command, small_folder: Path, content: bytes
) -> None:
    """It is told beside all others, and without a password."""
    vault = small_folder / "vault.yml"
    vault.write_bytes(content)
    cause = "this is no ansible-vault file: it is damaged, or its secrets are there for all to read"
    said = infra_ctl("check")
    assert (said.code, said.out, said.err) == (Exit.USAGE, "", f"{vault}:1:0: {cause}\n1 problem\n")
    with (small_folder / "communes.csv").open("a", encoding="utf-8") as table:
        table.write("nk-x,1,nk,10,comune,none\n")
    said = infra_ctl("check", "--output", "json")
    told = {Path(each["file"]).name for each in said.json["problems"]}
    assert told == {"communes.csv", "vault.yml"}
    assert "s3cret" not in said.out + said.err


def test_hardware_of_a_name_that_nothing_has_is_a_usage_error(infra_ctl: Command) -> None:
    said = infra_ctl("replace", "nk-pop2")
    assert (said.code, said.err) == (
        Exit.USAGE,
        "error: there is no device and no host 'nk-pop2' (did you mean 'nk-pop1'?)\n",
    )
    assert infra_ctl("replace", "nk-pop1").code == Exit.REFUSED
