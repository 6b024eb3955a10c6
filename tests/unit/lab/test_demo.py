"""`make demo` where no twin can run: the same commands, every line marked, unless that was ruled out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infra_ctl.lab import demo
from infra_ctl.lab.demo import SIMULATED


@pytest.fixture(autouse=True)
def here(tmp_path: Path, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, over the small city, on a machine without root."""
    for name in [name for name in os.environ if name.startswith("INFRA_CTL_") or name == "LIVE"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFRA_CTL_INVENTORY", str(small_folder))
    monkeypatch.setenv("INFRA_CTL_VAR", str(tmp_path / "var"))
    without_root = ("it needs root: run it with sudo",)
    monkeypatch.setattr(
        demo, "requirements", lambda _folder, *, hosts, parts: hosts and parts and without_root
    )


def test_without_a_twin_the_whole_city_is_simulated_and_every_line_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert demo.main() == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == f"{SIMULATED}NO LIVE ROUTERS HERE: it needs root: run it with sudo"
    assert [line for line in lines if not line.startswith(SIMULATED)] == []
    assert said.err == "", "all of it is on stdout, marked"
    commands = [line.removeprefix(SIMULATED) for line in lines if "$ infra-ctl" in line]
    assert [command.split()[2] for command in commands] == ["check", "deploy", "verify", "plan", "audit"]
    told = "\n".join(lines)
    assert "10 confirmed · run " in told
    assert ", 0 failed (10 devices, " in told
    assert f"{SIMULATED}no changes (10 devices, " in told
    assert lines[-1] == f"{SIMULATED}every check passed"


def test_live_refuses_the_simulated_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LIVE", "1")
    assert demo.main() == 1
    assert capsys.readouterr().out == "no live twin can run here: it needs root: run it with sudo\n"
    assert not (tmp_path / "var").exists(), "nothing was run"


def test_a_step_that_fails_ends_the_demo(small_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small_folder / "city.yaml").unlink()
    assert demo.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{SIMULATED}the demo stopped: infra-ctl check ended with 2"
    assert [line for line in lines if not line.startswith(SIMULATED)] == []
    assert "every check passed" not in "\n".join(lines)


def test_where_a_twin_can_run_it_is_booted_first_and_nothing_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str, list[Sequence[str]], str]] = []

    def run(context: str, steps: Iterator[Sequence[str]], prefix: str) -> int:
        ran.append((context, list(steps), prefix))
        return 0

    monkeypatch.setattr(demo, "requirements", lambda _folder, **_needs: ())
    monkeypatch.setattr(demo, "_run", run)
    assert demo.main() == 0
    ((context, steps, prefix),) = ran
    assert (context, prefix) == ("lab", "")
    assert [step[0] for step in steps] == ["lab", "check", "deploy", "verify", "plan", "audit", "monitor"]
