"""Tests that are killed leave no lab behind."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra_ctl.intent.model import DeviceIntent
from infra_ctl.lab import model, namespace, state, twin
from infra_ctl.lab.state import Folder, State
from tests.lab.city_slice import until
from tests.lab.janitor import labs

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("_can_run")]

KILLED = """
import os, pathlib, pickle, signal, sys
from infra_ctl.lab import twin
from tests.lab.janitor import minded
folder = pathlib.Path(sys.argv[1])
with minded(folder):
    twin.up(pickle.load(sys.stdin.buffer), folder / "deep" / "lab")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_lab_of_a_process_that_is_killed_is_taken_down(
    lab_name: str, three_intents: dict[str, DeviceIntent], tmp_path: Path
) -> None:
    spec = model.spec(f"{lab_name}k", {"r1": three_intents["r1"]})
    ended = subprocess.run((sys.executable, "-c", KILLED, tmp_path), input=pickle.dumps(spec), check=False)
    assert ended.returncode == -signal.SIGKILL
    until(lambda: twin.status(tmp_path / "deep" / "lab") is None, 120)
    assert [name for name in spec.namespaces() if namespace.exists(name)] == []


def test_a_file_that_is_no_labs_state_is_passed_over(
    three_intents: dict[str, DeviceIntent], tmp_path: Path
) -> None:
    """Or the janitor would wait for it, and leave the labs behind it."""
    for name in ("foreign", "lab"):
        (tmp_path / name).mkdir()
    (tmp_path / "foreign" / "state.json").write_text('{"spec": 1}')
    state.save(Folder(tmp_path / "lab"), State(model.spec("t", three_intents)))
    assert list(labs(tmp_path)) == [tmp_path / "lab"]
    (tmp_path / "lab" / "state.json").unlink()
