"""What nobody confirms is taken back: by the timer, after a kill, and at the next boot."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import time

import pytest

from infra_ctl.drivers.frr import deadman
from infra_ctl.drivers.frr.shell import Shell
from infra_ctl.errors import BusyError, RejectedError
from tests.unit.drivers.frr.conftest import (
    commit,
    is_running,
    left_behind,
    lines,
    program,
    script,
    taken_back,
    until,
)


@pytest.fixture
def impatient(router):
    """Ten seconds between a timer's attempts pass quickly; `report` is what it logged."""
    program(router, "sleep", 'case $1 in 10) exec /bin/sleep 0.1 ;; *) exec /bin/sleep "$1" ;; esac')
    report = router.folder / "report"
    report.touch()
    program(router, "logger", f'echo "$*" >>{report}')
    return report


def test_a_timer_goes_on_until_the_old_configuration_is_back(router, candidate, impatient):
    before = router.running
    commit(router, candidate, revert_in=3)
    (router.folder / "stuck").touch()
    until(lambda: "NOT RESTORED yet" in impatient.read_text())
    time.sleep(3)  # another attempt or so
    assert deadman.pending(router.shell()).token == "run-1"
    (router.folder / "stuck").unlink()
    until(lambda: deadman.pending(router.shell()) is None)
    assert lines(router.running) == lines(before)
    until(lambda: impatient.read_text().endswith(" RESTORED\n"))
    assert impatient.read_text().count("NOT RESTORED yet") == 1


def test_a_timer_that_does_not_get_the_lock_tries_again(router, candidate, impatient):
    before = router.running
    commit(router, candidate, revert_in=3)
    flock = program(router, "flock", "exit 1")
    until(lambda: "NOT RESTORED yet" in impatient.read_text())
    flock.unlink()
    until(lambda: deadman.pending(router.shell()) is None)
    assert lines(router.running) == lines(before)


def test_a_timer_holds_the_lock_only_while_it_tries(router, candidate, impatient):
    """Between its attempts a person can take the commit back by hand."""
    program(router, "sleep", 'case $1 in 10) exec /bin/sleep 60 ;; *) exec /bin/sleep "$1" ;; esac')
    commit(router, candidate, revert_in=3)
    (router.folder / "stuck").touch()
    until(lambda: "NOT RESTORED yet" in impatient.read_text())
    (router.folder / "stuck").unlink()
    started = time.monotonic()
    deadman.restore(router.shell(), "run-1")
    assert time.monotonic() - started < 10


def test_the_timer_stops_a_reload_that_takes_too_long(router, candidate):
    commit(router, candidate)
    deadman.restore(router.shell(), "run-1")
    before = router.running
    (router.folder / "slow").write_text("20")
    with pytest.raises(RejectedError, match="killed"):
        commit(router, candidate, revert_in=3)
    assert router.running == before
    assert deadman.pending(router.shell()) is None


@pytest.fixture
def slow_commit(router, candidate):
    """Starts a commit whose reload takes long, apart from the driver; gives its process."""
    commit(router, candidate)  # has the script uploaded
    deadman.restore(router.shell(), "run-1")
    script = next(router.state.glob("deadman-*.sh"))

    def start(seconds, slow):
        (router.folder / "slow").write_text(str(slow))
        sums = [hashlib.sha256(text.encode()).hexdigest() for text in (router.running, candidate)]
        process = subprocess.Popen(
            ["/bin/sh", str(script), "commit", "replace", str(seconds), "run-2", *sums],
            stdin=subprocess.PIPE,
            env={**os.environ, **router.environment},
            start_new_session=True,
        )
        process.stdin.write(candidate.encode())
        process.stdin.close()
        until(lambda: reload_of(router) is not None and not (router.folder / "slow").exists())
        return process

    return start


def reload_of(router):
    """PID of the reload under way, once it is in a session of its own."""
    try:
        pid = int((router.folder / "run/reload").read_text())
        return pid if os.getsid(pid) == pid else None
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_commit_is_taken_back_by_its_timer(router, slow_commit):
    """The reload goes on without its commit, in the middle of which the timer runs out."""
    before = router.running
    process = slow_commit(seconds=5, slow=60)
    reload = reload_of(router)
    kill(process)
    assert is_running(reload)
    until(lambda: deadman.pending(router.shell()) is None, 20)
    until(lambda: not is_running(reload))
    assert router.running == before
    until(lambda: left_behind(router) == {"lock", "deadman.sh", "taken-back"})
    assert taken_back(router) == "timer"


def test_a_killed_commit_is_taken_back_by_hand(router, slow_commit):
    before = router.running
    process = slow_commit(seconds=60, slow=60)
    reload = reload_of(router)
    kill(process)
    with pytest.raises(BusyError):
        commit(router, before, token="run-3")
    deadman.restore(router.shell(), "run-2")
    until(lambda: not is_running(reload))
    assert router.running == before


def test_a_killed_commit_cannot_be_confirmed(router, slow_commit):
    before = router.running
    kill(slow_commit(seconds=60, slow=60))
    with pytest.raises(RejectedError, match="did not end"):
        deadman.confirm(router.shell(), "run-2")
    assert router.running == before


def test_a_hang_up_does_not_stop_a_commit(router, slow_commit):
    process = slow_commit(seconds=60, slow=1)
    os.killpg(process.pid, signal.SIGHUP)
    assert process.wait() == 0
    assert "to the edge" in router.running


def test_what_somebody_wrote_meanwhile_is_taken_back_too(router, candidate):
    before = router.startup
    commit(router, candidate)
    (router.folder / "frr.conf").write_text(candidate)
    deadman.restore(router.shell(), "run-1")
    assert router.startup == before


def test_a_reboot_takes_an_unconfirmed_commit_back(router, candidate):
    """Somebody has even saved it meanwhile."""
    before = router.startup
    commit(router, candidate)
    (router.folder / "frr.conf").write_text(candidate)
    subprocess.run([router.folder / "hook", "boot"], env={**os.environ, **router.environment}, check=True)
    assert router.startup == before
    assert deadman.pending(router.shell()) is None
    assert left_behind(router) == {"lock", "deadman.sh", "taken-back"}
    assert taken_back(router) == "restart"


def test_the_boot_hook_does_nothing_while_frr_runs(router, candidate):
    commit(router, candidate)
    (router.folder / "frr.conf").write_text(candidate)
    (router.folder / "zebra").symlink_to("/bin/sleep")
    zebra = subprocess.Popen([router.folder / "zebra", "60"])
    try:
        (router.folder / "pids/zebra.pid").write_text(f"{zebra.pid}\n")
        assert "runs already" in script(router, "boot").stdout
        assert router.startup == candidate
        assert deadman.pending(router.shell()).token == "run-1"
    finally:
        zebra.kill()
        zebra.wait()
    (router.folder / "pids/zebra.pid").write_text(f"{os.getpid()}\n")  # the number is another's by now
    assert "taken back" in script(router, "boot").stdout
    assert router.startup != candidate


def test_a_reboot_with_nothing_pending_touches_nothing(router, candidate):
    commit(router, candidate)
    deadman.confirm(router.shell(), "run-1")
    subprocess.run([router.folder / "hook", "boot"], env={**os.environ, **router.environment}, check=True)
    assert router.startup == candidate


def test_systemd_runs_the_boot_hook_before_frr(router, candidate):
    unit = router.folder / "infra-ctl-deadman.service"
    calls = router.folder / "systemctl.calls"
    systemctl = router.folder / "bin/systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{calls}\n')
    systemctl.chmod(0o755)
    runner = router.runner()
    runner.environment["DEADMAN_UNIT"] = str(unit)
    deadman._upload(Shell("stub", runner, state=str(router.state)))
    assert {"Before=frr.service", "WantedBy=frr.service", "Type=oneshot"} <= set(
        unit.read_text().splitlines()
    )
    assert re.search(r"^ExecStart=/bin/sh .*/deadman-[0-9a-f]{12}\.sh boot$", unit.read_text(), re.MULTILINE)
    assert calls.read_text().splitlines()[-1] == "enable --quiet infra-ctl-deadman.service"
