"""The command line as a user has it: a city in a folder, a simulated network in another."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.cli import app


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as the one value that it is."""
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture(autouse=True)
def nowhere_near_the_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the live network: the simulated one, in a folder of this test."""
    for name in [name for name in os.environ if name.startswith("INFRA_CTL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("INFRA_CTL_CONTEXT", "embedded")
    monkeypatch.setenv("INFRA_CTL_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def infra_ctl(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`infra-ctl ARGUMENTS` over the small city."""
    monkeypatch.setenv("INFRA_CTL_INVENTORY", str(small_folder))

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["infra-ctl", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            app.main()
        said = capsys.readouterr()
        code = stop.value.code
        assert isinstance(code, int)
        return Said(int(code), said.out, said.err)

    return command
