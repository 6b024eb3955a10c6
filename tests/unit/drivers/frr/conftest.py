"""A router on this disk, commits to it, and what they leave there."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from infra_ctl.drivers.frr import deadman
from tests.contract.stub_router import StubRouter


@pytest.fixture
def router(tmp_path):
    router = StubRouter.install(tmp_path)
    yield router
    (tmp_path / "stuck").unlink(missing_ok=True)
    pending = deadman.pending(router.shell())
    if pending is not None:  # no timer outlives its test
        deadman.restore(router.shell(), pending.token)


@pytest.fixture
def candidate(router):
    return router.running.replace("to the core", "to the edge")


def commit(router, candidate, *, revert_in=30, token="run-1", **options):
    deadman.commit(
        router.shell(), candidate, base=router.running, revert_in=revert_in, token=token, **options
    )


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")


def is_running(pid):
    """Whether a process does anything: a dead one that nobody waits for has no command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text() != ""
    except FileNotFoundError:
        return False


def program(router, name, text):
    """A program of the device's own that goes before the real one."""
    path = router.folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def script(router, *arguments):
    """What the uploaded script prints when the device itself calls it."""
    (path,) = router.state.glob("deadman-*.sh")
    environment = {**os.environ, **router.environment}
    return subprocess.run(
        ["/bin/sh", path, *arguments], env=environment, check=True, capture_output=True, text=True
    )


def lines(text):
    """A configuration whatever the order of its blocks."""
    return sorted(
        line for line in text.splitlines() if line.strip() not in ("!", "exit", "exit-address-family")
    )


def taken_back(router):
    """What made it take back what nobody confirmed."""
    found = deadman.reading(router.shell()).taken_back
    return found and found.by


def left_behind(router):
    """What the timer keeps on the device when nothing is pending, and in memory."""
    kept = {re.sub(r"-[0-9a-f]{12}", "", path.name) for path in router.state.iterdir()}
    return kept | ({"run"} if (router.folder / "run").exists() else set())
