"""The dead-man timer when things go wrong: the real script and its client, over a stub of FRR."""

from __future__ import annotations

import hashlib
import re
import threading

import pytest

from infra_ctl.deadman.script import MISSING
from infra_ctl.drivers.frr import deadman
from infra_ctl.drivers.frr.shell import Shell
from infra_ctl.errors import (
    BusyError,
    DeviceError,
    NoSpaceError,
    NotRestoredError,
    RejectedError,
    SessionLostError,
)
from tests.unit.drivers.frr.conftest import (
    commit,
    is_running,
    left_behind,
    lines,
    program,
    until,
)


def test_the_script_is_uploaded_once(router, candidate):
    class Counting:
        calls = 0

        def run(self, *arguments):
            Counting.calls += 1
            return router.runner().run(*arguments)

    shell = Shell("stub", Counting(), state=str(router.state))
    deadman.commit(shell, candidate, base=router.running, revert_in=30, token="run-1")
    assert Counting.calls == 3  # missing, upload, commit
    deadman.confirm(shell, "run-1")
    assert Counting.calls == 4


def test_another_version_takes_the_place_of_the_old(router, candidate):
    (router.state / "deadman-000000000000.sh").write_text("exit 1\n")
    commit(router, candidate)
    assert len(list(router.state.glob("deadman-*.sh"))) == 1


def test_an_older_version_stays_while_its_commit_is_pending(router, candidate):
    commit(router, candidate)
    (current,) = router.state.glob("deadman-*.sh")
    older = current.rename(router.state / "deadman-000000000000.sh")
    deadman.confirm(router.shell(), "run-1")  # uploads this version first
    assert older.exists()
    commit(router, router.running, token="run-2")


def test_an_upload_waits_for_the_lock(router, candidate):
    """A commit under way may be about to start its timer from the version that the upload removes."""
    older = router.state / "deadman-000000000000.sh"
    older.write_text("exit 1\n")
    program(router, "flock", "exit 1")
    with pytest.raises(BusyError, match="another change is under way"):
        commit(router, candidate)
    assert [path.name for path in router.state.glob("deadman-*")] == [older.name]


@pytest.mark.parametrize("arrived", [0, 100, -1])
def test_a_session_cut_in_mid_upload_leaves_no_script(router, candidate, arrived):
    class Cut:
        def run(self, command, stdin=b"", timeout=60.0):
            return router.runner().run(command, stdin[:arrived], timeout)

    with pytest.raises(NoSpaceError):
        deadman._upload(Shell("stub", Cut(), state=str(router.state)))
    assert left_behind(router) == set()
    commit(router, candidate)
    assert router.running != router.startup


def test_a_script_that_cannot_be_hooked_into_the_boot_is_not_installed(router, candidate):
    (router.folder / "hook.new").mkdir()
    with pytest.raises(NoSpaceError, match="cannot install"):
        commit(router, candidate)
    assert left_behind(router) == {"lock"}


@pytest.mark.parametrize("command", ["commit", "confirm", "revert"])
def test_an_exit_code_without_a_word_proves_nothing(command):
    for said in (b"", b"something else\n"):
        with pytest.raises(SessionLostError, match="no word"):
            deadman._raise_for("stub", deadman.Completed(0, said, b""), command)


def test_a_script_that_does_nothing_is_found_out(router, candidate):
    (router.state / deadman._timer().name).write_text("")
    with pytest.raises(SessionLostError, match="no word"):
        commit(router, candidate)


def test_without_a_timer_nothing_is_touched(router, candidate):
    before = router.running
    program(router, "setsid", 'case "$*" in *timer*) exit 1 ;; *) exec /usr/bin/setsid "$@" ;; esac')
    with pytest.raises(DeviceError, match="timer does not start"):
        commit(router, candidate)
    assert router.running == before
    assert deadman.pending(router.shell()) is None
    assert left_behind(router) == {"lock", "deadman.sh"}


def test_the_timer_ticks_before_anything_is_touched(router, candidate):
    program(
        router,
        "setsid",
        f'''
        case "$*" in *reload*) [ -e {router.state}/pending/ticking ] || exit 1 ;; esac
        exec /usr/bin/setsid "$@"''',
    )
    commit(router, candidate)


def test_the_start_up_file_is_untouched_until_confirmed(router, candidate):
    before = router.startup
    commit(router, candidate)
    assert router.running != before
    assert router.startup == before
    deadman.confirm(router.shell(), "run-1")
    assert router.startup == candidate
    assert (router.folder / "frr.conf").stat().st_mode & 0o777 == 0o640


def ospf6(*interfaces, settings=""):
    """A router's OSPFv3: interfaces as `name area`, and lines of `router ospf6`."""
    blocks = [
        f"interface {name}\n ipv6 address 2001:db8:{number}::1/64\n ipv6 ospf6 area {area}\nexit\n!\n"
        for number, (name, area) in enumerate(map(str.split, interfaces))
    ]
    return f"{''.join(blocks)}router ospf6\n ospf6 router-id 10.0.0.1\n{settings}exit\n!\nend\n"


INNER, TWO_CIRCUITS = ospf6("eth0 0.0.0.1", "lo 0.0.0.1"), ospf6("eth0 0.0.0.1", "eth1 0.0.0.1", "lo 0.0.0.1")
BORDER, NEW_AREA = (
    ospf6("eth0 0.0.0.0", "eth1 0.0.0.3"),
    ospf6("eth0 0.0.0.0", "eth1 0.0.0.3", "eth2 0.0.0.1"),
)
RANGE = "area 0.0.0.0 range ::1/128 not-advertise"
REFERENCE = "auto-cost reference-bandwidth"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (BORDER, NEW_AREA, [RANGE, f"no {RANGE}"]),
        (
            TWO_CIRCUITS,
            INNER,
            [f"{REFERENCE} 4294967", f"no {REFERENCE}"],
        ),
        (
            ospf6("eth0 0.0.0.1", "eth1 0.0.0.1"),
            ospf6("eth0 0.0.0.1", settings=f" {REFERENCE} 10000\n"),
            [f"no {REFERENCE}", f"{REFERENCE} 10000"],
        ),
        (INNER, INNER.replace("end\n", "ip prefix-list A seq 5 permit any\n!\nend\n"), []),
        (ospf6(), INNER, []),
    ],
    ids=["an area new to a border router", "a circuit less", "settings of its own", "no change", "the first"],
)
def test_ospf6d_is_told_what_it_leaves_out(router, before, after, told):
    """What differs for a moment, line by line; it is done by a restore too."""
    (router.folder / "running").write_text(before)
    real = (router.folder / "bin/vtysh").read_text().removeprefix("#!/bin/sh\n")
    log = router.folder / "told"
    log.touch()
    program(
        router,
        "vtysh",
        f"""if [ "$1" = -f ]; then grep -v '^router ospf6$' "$2" >>{log}; exit 0; fi\n{real}""",
    )
    commit(router, after)
    assert [line.strip() for line in log.read_text().splitlines()] == told
    log.write_text("")
    deadman.restore(router.shell(), "run-1")
    assert bool(log.read_text()) == bool(told)


def test_a_merge_adds_lines_and_saves_the_running_configuration(router):
    commit(router, "interface eth1\n description new\n", mode="merge")
    assert "interface eth1" in router.running
    assert "interface eth0" in router.running
    deadman.confirm(router.shell(), "run-1")
    assert router.startup == router.running


@pytest.mark.parametrize("answer", ["exit 1", "exit 0"])
def test_a_merge_never_saves_an_empty_configuration(router, answer):
    before = router.startup
    commit(router, "interface eth1\n description new\n", mode="merge")
    vtysh = router.folder / "bin/vtysh"
    real = vtysh.read_text()
    program(router, "vtysh", answer)
    with pytest.raises(DeviceError, match="will be taken back"):
        deadman.confirm(router.shell(), "run-1")
    vtysh.write_text(real)
    assert router.startup == before
    assert deadman.pending(router.shell()).token == "run-1"


def test_a_merge_that_does_not_parse_touches_nothing(router):
    before = router.running
    with pytest.raises(RejectedError, match="line 2: Unknown command: bogus"):
        commit(router, "interface eth1\n bogus\n", mode="merge")
    assert router.running == before


def test_a_refused_line_is_quoted_with_its_number(router, candidate):
    refused = candidate.replace("remote-as 65000", "remote-as 65000\n refused 1")
    number = refused.splitlines().index(" refused 1") + 1
    with pytest.raises(RejectedError, match=rf"line {number}: Not today: refused 1"):
        commit(router, refused)


def test_half_a_configuration_is_taken_back_at_once(router, candidate):
    """What comes back stands elsewhere: it is the same in normal form."""
    before = router.running
    with pytest.raises(RejectedError):
        commit(
            router,
            candidate.replace(" neighbor 10.0.0.2 remote-as", " refused\n neighbor 10.0.0.2 remote-as"),
        )
    assert lines(router.running) == lines(before)
    assert left_behind(router) == {"lock", "deadman.sh"}


def test_half_a_candidate_is_not_applied(router, candidate):
    commit(router, candidate)  # has the script uploaded
    deadman.restore(router.shell(), "run-1")
    before = router.running
    sums = [hashlib.sha256(text.encode()).hexdigest() for text in (before, candidate)]
    arguments = ["commit", "replace", "30", "run-2", *sums]
    done = deadman._call(router.shell(), arguments, candidate[:100].encode(), timeout=10)
    with pytest.raises(SessionLostError, match="did not arrive whole"):
        deadman._raise_for("stub", done, "commit")
    assert router.running == before
    assert left_behind(router) == {"lock", "deadman.sh"}


def test_nothing_is_touched_without_room_for_a_way_back(router, candidate):
    before = router.running
    cp = router.folder / "bin/cp"
    cp.write_text("#!/bin/sh\necho 'No space left on device' >&2\nexit 1\n")
    cp.chmod(0o755)
    with pytest.raises(NoSpaceError):
        commit(router, candidate)
    assert router.running == before
    assert deadman.pending(router.shell()) is None
    assert left_behind(router) == {"lock", "deadman.sh"}


def test_no_room_for_the_start_up_file_leaves_the_commit_to_its_timer(router, candidate):
    before = router.startup
    commit(router, candidate)
    (router.folder / "frr.conf.new").mkdir()  # what would be written cannot be
    with pytest.raises(NoSpaceError):
        deadman.confirm(router.shell(), "run-1")
    assert deadman.pending(router.shell()).token == "run-1"
    assert router.startup == before


def test_two_commits_at_once(router, candidate):
    commit(router, candidate)
    deadman.restore(router.shell(), "run-1")
    (router.folder / "slow").write_text("1")
    outcomes: list[str] = []

    def one(token):
        try:
            commit(router, candidate, token=token)
            outcomes.append(token)
        except BusyError:
            outcomes.append("busy")

    threads = [threading.Thread(target=one, args=(token,)) for token in ("run-2", "run-3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = set(outcomes) - {"busy"}
    assert sorted(outcomes)[0] == "busy"
    assert deadman.pending(router.shell()).token == winner


def test_a_restore_that_fails_is_loud_and_can_be_tried_again(router, candidate):
    before = router.running
    commit(router, candidate)
    (router.folder / "stuck").touch()
    with pytest.raises(NotRestoredError, match="NOT RESTORED"):
        deadman.restore(router.shell(), "run-1")
    assert deadman.pending(router.shell()).token == "run-1"
    (router.folder / "stuck").unlink()
    deadman.restore(router.shell(), "run-1")
    assert lines(router.running) == lines(before)
    assert left_behind(router) == {"lock", "deadman.sh"}


def test_a_daemon_that_restarted_has_forgotten_the_commit(router, candidate):
    before = router.running
    commit(router, candidate)
    (router.folder / "pids/zebra.pid").write_text("200\n")
    with pytest.raises(RejectedError, match="restarted"):
        deadman.confirm(router.shell(), "run-1")
    assert lines(router.running) == lines(before)


def test_a_confirmed_commit_leaves_no_timer_and_no_secret(router, candidate):
    commit(router, candidate)
    timer = int((router.state / "pending/timer").read_text())
    assert is_running(timer)
    assert "hunter2" in (router.state / "pending/running").read_text()
    deadman.confirm(router.shell(), "run-1")
    until(lambda: not is_running(timer))
    assert left_behind(router) == {"lock", "deadman.sh"}
    for path in router.state.iterdir():
        assert "hunter2" not in path.read_text()


def test_what_is_kept_while_pending_is_for_root_only(router, candidate):
    commit(router, candidate)
    modes = {path.name: path.stat().st_mode & 0o077 for path in router.state.glob("pending/*")}
    modes.pop("startup")  # a copy with the file's own mode, in a folder that only root enters
    assert set(modes.values()) == {0}
    assert (router.state / "pending").stat().st_mode & 0o077 == 0


def test_somebody_in_configure_terminal_is_not_a_bad_candidate():
    done = deadman.Completed(
        43, b"", b"vtysh 'configure' returned\nVTY configuration is locked by other VTY\n"
    )
    with pytest.raises(BusyError):
        deadman._raise_for("stub", done, "commit")


def test_somebody_in_configure_terminal_does_not_hide_a_failed_restore():
    done = deadman.Completed(44, b"", b"VTY configuration is locked by other VTY\nNOT RESTORED: ...\n")
    with pytest.raises(NotRestoredError):
        deadman._raise_for("stub", done, "commit")


@pytest.mark.parametrize("rc", [1, 127, 137])
def test_after_an_unknown_answer_the_device_is_to_be_asked(rc):
    done = deadman.Completed(rc, b"", b"VTY configuration is locked by other VTY\n")
    with pytest.raises(SessionLostError, match=f"ended with {rc}: VTY"):
        deadman._raise_for("stub", done, "commit")


def test_every_exit_code_of_the_script_has_a_meaning():
    lines = re.findall(r"^\w+=4\d .*$", deadman._timer().text, re.MULTILINE)
    codes = [int(code) for line in lines for code in re.findall(r"=(\d+)", line)]
    assert sorted(codes) == sorted(deadman.ANSWERS)
    assert MISSING not in deadman.ANSWERS


def test_a_late_answer_is_not_taken_for_a_success(router, candidate, monkeypatch):
    clock = iter([0.0, 31.0])
    monkeypatch.setattr(deadman.time, "monotonic", lambda: next(clock))
    with pytest.raises(SessionLostError, match="timer took it back"):
        commit(router, candidate, revert_in=30)
