"""What a plan leaves for later is gone on with, or named; what came before it is never called undone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from infra_ctl.cli import carrying, deploy, planning
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.later import Later
from infra_ctl.drivers.embedded import EmbeddedDriver
from infra_ctl.errors import JournalError, RefusedError, SecretError, SelectorError
from tests.dying import DIED
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_guard import (  # noqa: F401 - fixtures
    JSON,
    MOVED,
    NEW,
    OLD,
    OLD_LINK,
    ROW,
    WARD,
    circuits,
    deployed,
)
from tests.unit.cli.test_resume import killed

LINK = f"{WARD}/eth0 to {OLD_LINK}"


@pytest.fixture
def moving(deployed: Command, circuits: Callable[[str, str], None]) -> Command:  # noqa: F811 - the fixtures
    """A city whose ward is to move: two runs."""
    circuits(ROW, MOVED)
    return deployed


def test_a_resumed_run_goes_on_to_what_it_left(moving: Command) -> None:
    killed(3, "after", "deploy", "--yes")
    (run, _) = moving("runs", *JSON).json
    said = moving("resume", run["id"], "--yes")
    assert said.code == Exit.DONE, said
    assert f"made    now {LINK} may go\n" in said.out
    assert moving("plan", "--exit-code").code == Exit.DONE


@pytest.mark.parametrize("edit", [(",bt-long-hoa:ce1/eth0,tslcd-2,l2,VNPT,50,", ",80,"), ("id,a,z", "")])
def test_the_second_run_is_of_the_city_that_was_shown(
    moving: Command, small_folder: Path, monkeypatch: pytest.MonkeyPatch, edit: tuple[str, str]
) -> None:
    """Somebody changes the inventory, or breaks it, while the first one is under way."""
    circuits_file, confirm = small_folder / "circuits.csv", EmbeddedDriver.confirm
    old, new = edit
    text = circuits_file.read_text(encoding="utf-8")
    assert text.count(old) == 1

    def confirmed(driver: EmbeddedDriver, token: str) -> None:
        circuits_file.write_text(text.replace(old, old.replace(",50,", new) if new else ""), encoding="utf-8")
        confirm(driver, token)

    monkeypatch.setattr(EmbeddedDriver, "confirm", confirmed)
    said = moving("deploy", "--yes", *JSON)
    assert said.code == Exit.DONE, said
    assert set(said.json["devices"]) == {WARD, OLD}
    assert said.json["left"] is None
    assert moving("plan", "--exit-code").code == (Exit.FOUND if new else Exit.USAGE)


@pytest.mark.parametrize(
    ("error", "code", "cause"),
    [
        (SelectorError(1, "no"), Exit.PARTIAL, "selector, column 1: no"),
        (SecretError("no vault"), Exit.PARTIAL, "no vault"),
        (RefusedError("run 9 is under way"), Exit.PARTIAL, "run 9 is under way"),
        (click.UsageError("--timer 8 is too short"), Exit.PARTIAL, "--timer 8 is too short"),
        (click.Abort(), Exit.PARTIAL, "interrupted"),
        (KeyboardInterrupt(), Exit.PARTIAL, "interrupted"),
        (JournalError("no disk"), Exit.FAILED, "no disk"),
    ],
)
def test_what_keeps_the_second_run_from_it_does_not_hide_the_first(
    moving: Command, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: Exit, cause: str
) -> None:
    def fails(*_words: object) -> None:
        raise error

    monkeypatch.setattr(planning, "prepare_rest", fails)
    said = moving("deploy", "--yes", *JSON)
    assert said.code == code, said
    assert set(said.json["devices"]) == {WARD, NEW}
    left = {"kept": [LINK], "behind": [], "command": "infra-ctl deploy", "cause": cause}
    assert said.json["left"] == left
    assert said.err.splitlines()[-2:] == [
        cause if cause == "interrupted" else f"error: {cause}",
        f"left    infra-ctl deploy      removes {LINK}",
    ]


def test_a_run_that_is_done_names_what_nobody_has_done_since(
    moving: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two was killed when its last line was written, before the second began."""
    with monkeypatch.context() as between:
        between.setattr(deploy, "go_on", lambda *_words: os._exit(DIED))
        assert killed(0, "after", "deploy", "--yes") == DIED
    (run, _) = moving("runs", *JSON).json
    assert run["state"] == "done"
    said = moving("resume", run["id"], *JSON)
    assert (said.code, said.err.splitlines()) == (
        Exit.PARTIAL,
        [f"run {run['id']} is done", f"left    infra-ctl deploy      removes {LINK}"],
    )
    assert said.json["left"] == {"kept": [LINK], "behind": [], "command": "infra-ctl deploy", "cause": ""}
    assert moving("deploy", "--yes").code == Exit.DONE
    said = moving("resume", run["id"])
    assert (said.code, said.out) == (Exit.DONE, f"run {run['id']} is done: nothing of it is left\n")


def test_who_declines_the_second_run_is_told_what_is_left(
    moving: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[bool] = iter([True, False])
    monkeypatch.setattr(carrying, "confirm", lambda _question, *, yes: next(answers))
    said = moving("deploy", *JSON)
    assert said.code == Exit.PARTIAL, said
    assert set(said.json["devices"]) == {WARD, NEW}
    assert said.json["left"]["cause"] == "not agreed to"
    assert said.err.splitlines()[-1] == f"left    infra-ctl deploy      removes {LINK}"


def test_later_is_all_of_a_plan_again_while_links_are_kept() -> None:
    both = Later(("x to y",), ("a", "b"), "pop=nk")
    assert (both.rest, both.words) == ("pop=nk", "removes x to y · 2 devices behind them")
    behind = Later((), ("a", "b"), "pop=nk")
    assert (behind.rest, behind.words) == ("a or b", "2 devices behind them")
