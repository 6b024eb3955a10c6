"""What the live trials are told and judged by, without a router: it must be able to find fault."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.dying import DIED
from tests.lab import city_slice, soak
from tests.lab.city_slice import AN_HOA, POP, THOI_BINH, Done, Running, until
from tests.lab.faults import judge
from tests.lab.faults.judge import Told
from tests.lab.faults.trial import Verdict, deal

ALL_NEW = dict.fromkeys((AN_HOA, THOI_BINH, POP), "new")
ALL_CONFIRMED = dict.fromkeys(ALL_NEW, "confirmed")


@pytest.mark.parametrize("arguments", [["--only", "0"], ["--count", "0"], ["--kind", "no such"]])
def test_a_soak_of_nothing_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        soak.main(arguments)
    assert stop.value.code == 2


def test_a_trial_that_failed_is_dealt_again_by_its_own_command(tmp_path: Path) -> None:
    asked = soak.asked_for(["--seed", "hué", "--kind", "controller's disk full", "--count", "300"])
    number, trial = soak.dealt(asked)[-1]
    again = soak.Soak(iter(()), 1, tmp_path, soak.command(asked))
    again.tell(number, Verdict(trial, ("something",), (), {}), 0)
    (file,) = tmp_path.iterdir()
    command = file.read_text(encoding="utf-8").splitlines()[0]
    words = subprocess.run(
        f"printf '%s\\n' {command}", shell=True, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert words[:3] == ["python", "-m", "tests.lab.soak"]
    assert soak.dealt(soak.asked_for(words[3:])) == [(number, trial)]


def test_the_trials_of_a_seed_are_always_the_same() -> None:
    first, second = deal("city"), deal("city")
    assert [next(first) for _ in range(100)] == [next(second) for _ in range(100)]


@pytest.mark.parametrize(
    ("run", "left", "complaints"),
    [
        (Told("1", "done", ALL_CONFIRMED), False, []),
        (Told("1", "done", {**ALL_CONFIRMED, POP: "restored"}), False, [POP, "the run is done"]),
        (Told("1", "running", {**ALL_CONFIRMED, POP: "applying"}), True, []),
        (None, False, ["no run did it"] * 3),
    ],
    ids=["after its end", "with a wrong end", "to be resumed", "before its run"],
)
def test_a_command_that_died_is_judged_by_the_journal(
    run: Told | None, left: bool, complaints: list[str]
) -> None:
    found = list(judge.complaints(Done(DIED, "", ""), run, ALL_NEW, left=left))
    assert len(found) == len(complaints)
    assert all(part in told for part, told in zip(complaints, found, strict=True))


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(city_slice, "SECONDS", 0.5)
    child = tmp_path / "child"
    running = Running(("sh", "-c", f"sleep 60 & echo $! >{child}; wait"), os.environ)
    with pytest.raises(subprocess.TimeoutExpired):
        running.end()
    assert running.is_over()
    status = Path("/proc", child.read_text().strip(), "status")
    until(lambda: not status.exists() or "\nState:\tZ" in status.read_text(), 5)
