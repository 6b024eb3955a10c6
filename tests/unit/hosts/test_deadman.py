"""The dead-man timer of a host when things go wrong: the real script and its client, in a folder.

Units and rules of a real Debian are in tests/lab/test_host_driver_live.py; nft is a program here that keeps
a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Run, Service, User
from infra_ctl.deadman.script import Script
from infra_ctl.errors import BusyError, NoSpaceError, SessionLostError
from infra_ctl.hosts import deadman
from infra_ctl.hosts.session import Said

NFT = """#!/bin/sh
case $1 in
-s) cat "$RULES" ;;
-f) grep -v '^flush' >"$RULES.new"; mv "$RULES.new" "$RULES" ;;
esac
"""


SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
*nftables*) echo "Unit nftables.service not loaded." >&2; exit 5 ;;
esac
"""
"""Of a host that has ssh and no nftables."""


class Box:
    """A folder that stands for a host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.rules = folder / "rules"
        self.rules.write_text("accept\n")
        commands = folder / "bin"
        commands.mkdir()
        (commands / "nft").write_text(NFT)
        (commands / "nft").chmod(0o755)
        self.commands = commands
        self.environment = os.environ | {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "RULES": str(self.rules),
            "CALLS": str(folder / "calls"),
            "DEADMAN_HOOK": str(folder / "sbin/hook"),
        }

    def __call__(self, script: str, stdin: str, timeout: float) -> Said:
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def file(self, name: str, text: str) -> File:
        path = self.folder / name
        path.write_text(text)
        return File(id=f"a/{name}", path=str(path), text="")

    def arm(self, *guarded, token: str = "run-1", seconds: int = 30, fence: int | None = None) -> None:
        deadman.arm("a", self, token, seconds, fence, guarded)

    def boot(self) -> str:
        return self(f"{self.folder}/sbin/hook boot", "", 10).stdout


@pytest.fixture
def box(tmp_path, monkeypatch):
    box = Box(tmp_path)
    monkeypatch.setattr(deadman, "STATE", str(box.state))
    yield box
    mark = box.state / "host-pending/mark"
    if mark.exists():  # no timer outlives its test
        deadman.revert("a", box, mark.read_text().split()[0])


def until(happened, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_not_confirmed_comes_back_by_itself(box):
    guarded = box.file("sshd", "Port 22\n"), Run(id="a/run", command=f"echo again >>{box.folder}/ran\ntrue")
    box.arm(*guarded, seconds=1)
    Path(guarded[0].path).write_text("Port 23\n")
    box.rules.write_text("drop\n")
    assert deadman.outcome("a", box, "run-1").startswith("pending ")
    until(lambda: deadman.outcome("a", box, "run-1") == "taken back")
    assert Path(guarded[0].path).read_text() == "Port 22\n"
    assert box.rules.read_text() == "accept\n"
    assert (box.folder / "ran").read_text() == "again\n"
    assert deadman.outcome("a", box, "run-2") == "nothing"


def test_what_is_confirmed_stays(box):
    guarded = box.file("sshd", "Port 22\n")
    box.arm(guarded, seconds=1)
    Path(guarded.path).write_text("Port 23\n")
    deadman.confirm("a", box, "run-1")
    time.sleep(1.2)
    assert Path(guarded.path).read_text() == "Port 23\n"
    assert deadman.outcome("a", box, "run-1") == "nothing"
    with pytest.raises(BusyError, match="nothing of run run-1 is on trial"):
        deadman.confirm("a", box, "run-1")


def test_every_kind_of_file_comes_back_with_its_mode(box):
    file, new, link = box.file("file", "old\n"), box.file("new", ""), box.file("link", "")
    for each in (new, link):
        Path(each.path).unlink()
    Path(link.path).symlink_to("file")
    Path(file.path).chmod(0o640)
    box.arm(file, new, link)
    for each in (new, link):
        Path(each.path).unlink(missing_ok=True)
        Path(each.path).write_text("x")
    Path(file.path).unlink()
    deadman.revert("a", box, "run-1")
    assert Path(file.path).read_text() == "old\n"
    assert Path(file.path).stat().st_mode & 0o777 == 0o640
    assert not Path(new.path).exists()
    assert Path(link.path).readlink() == Path("file")


def test_a_link_that_is_planted_leads_root_nowhere(box):
    guarded, victim = box.file("keys", "ours\n"), box.folder / "victim"
    victim.write_text("root's\n")
    box.arm(guarded)
    Path(guarded.path).write_text("theirs\n")
    Path(f"{guarded.path}.infra-ctl-old").symlink_to(victim)
    (box.folder / ".keys.infra-ctl-old").symlink_to(victim)
    deadman.revert("a", box, "run-1")
    assert victim.read_text() == "root's\n"
    assert Path(guarded.path).read_text() == "ours\n"
    assert not Path(guarded.path).is_symlink()


def test_a_unit_that_is_not_installed_yet_keeps_nobody_from_taking_the_rest_back(box):
    (box.commands / "systemctl").write_text(SYSTEMCTL)
    (box.commands / "systemctl").chmod(0o755)
    guarded = box.file("sshd", "Port 22\n")
    ssh = Service(id="a/ssh", unit="ssh", reload_after=(guarded.id,))
    box.arm(guarded, ssh, Service(id="a/nftables", unit="nftables"))
    Path(guarded.path).write_text("Port 23\n")
    deadman.revert("a", box, "run-1")
    assert Path(guarded.path).read_text() == "Port 22\n"
    assert deadman.outcome("a", box, "run-1") == "taken back"
    assert "reload-or-restart ssh" in (box.folder / "calls").read_text().splitlines()


def test_the_keys_of_an_account_that_may_log_in_are_guarded(box):
    home = box.folder / "home"
    (home / ".ssh").mkdir(parents=True)
    keys = home / ".ssh/authorized_keys"
    keys.write_text("ours\n")
    box.arm(User(id="a/user", name="infra", home=str(home)))
    keys.write_text("nobody's\n")
    deadman.revert("a", box, "run-1")
    assert keys.read_text() == "ours\n"


def test_a_power_cut_takes_back_what_was_not_kept(box):
    guarded = box.file("sshd", "Port 22\n")
    box.arm(guarded)
    Path(guarded.path).write_text("Port 23\n")
    timer = int((box.state / "host-pending/timer").read_text())
    os.killpg(timer, signal.SIGKILL)
    assert box.boot() == "an unconfirmed change was taken back\n"
    assert Path(guarded.path).read_text() == "Port 22\n"
    assert deadman.outcome("a", box, "run-1") == "taken back"
    assert box.boot() == ""


def test_a_run_takes_back_what_it_left_on_trial_before_it_goes_on(box):
    guarded = box.file("sshd", "Port 22\n")
    assert deadman.begin("a", box, "run-1", None) is False
    box.arm(guarded)
    Path(guarded.path).write_text("Port 23\n")
    with pytest.raises(BusyError, match=r"a guarded change of run run-1 is on trial for another \d+ s"):
        deadman.begin("a", box, "run-2", None)
    assert deadman.begin("a", box, "run-1", None) is True
    assert Path(guarded.path).read_text() == "Port 22\n"


def test_who_asks_is_told_what_is_on_trial(box):
    def asked(token: str) -> bool:
        command = dict(deadman.ON_TRIAL.arguments)["command"].replace("/var/lib/infra-ctl", str(box.state))
        return deadman.is_on_trial("a", box(command, "", 10).stdout.strip() or None, token)

    assert not asked("run-1")
    box.arm(box.file("sshd", "Port 22\n"))
    assert asked("run-1")
    for token in ("", "run-2"):
        with pytest.raises(BusyError, match=r"a guarded change of run run-1 is on trial for another \d+ s"):
            asked(token)
    deadman.confirm("a", box, "run-1")
    assert not asked("run-1")


def test_a_lease_keeps_others_out_and_a_lost_one_is_known_by_its_number(box):
    first = deadman.lease("a", box, "run-1", "me@here", 60)
    assert deadman.lease("a", box, "run-1", "me@here", 60) == first
    for act in (
        lambda: deadman.lease("a", box, "run-2", "you@there", 60),
        lambda: deadman.begin("a", box, "run-2", None),
        lambda: box.arm(token="run-2"),
    ):
        with pytest.raises(BusyError, match=r"leased to me@here \(run run-1\) for another \d+ s"):
            act()
    deadman.release("a", box, "run-2")
    deadman.release("a", box, "run-1")
    second = deadman.lease("a", box, "run-2", "you@there", 60)
    assert second == first + 1
    deadman.release("a", box, "run-2")
    with pytest.raises(BusyError, match=f"lease {first} was taken over: the last one is {second}"):
        box.arm(fence=first)


def test_a_router_has_one_lease_for_both_of_its_parts(box):
    """Its dead-man timer of FRR reads the same files."""
    deadman.lease("a", box, "run-1", "me@here", 60)
    token, owner, *_ = (box.state / "lease").read_text().split()
    assert (token, owner) == ("run-1", "me@here")
    frr = Script.of("deadman", "infra_ctl.drivers.frr")
    (box.state / "deadman-frr.sh").write_text(frr.text)
    said = box(f"/bin/sh {box.state}/deadman-frr.sh lease run-2 you@there 60", "", 10)
    assert "leased to me@here (run run-1)" in said.stderr


def test_nothing_is_touched_where_a_way_back_cannot_be_saved(box):
    deadman.begin("a", box, "run-1", None)
    (box.folder / "bin/nft").write_text("#!/bin/sh\necho no memory >&2; exit 1\n")
    with pytest.raises(NoSpaceError, match="cannot save a way back"):
        box.arm(box.file("sshd", ""))
    assert not (box.state / "host-pending").exists()


def test_another_version_takes_the_place_of_the_old_once_nothing_of_it_is_on_trial(box):
    """What the timer of FRR has there, called alike, stays."""
    box.arm(box.file("sshd", ""))
    (current,) = box.state.glob("host-deadman-*.sh")
    older = current.rename(box.state / "host-deadman-000000000000.sh")
    frr = box.state / "deadman-000000000000.sh"
    frr.write_text("")
    deadman.confirm("a", box, "run-1")  # uploads this version first: the timer runs from the older one
    assert older.exists()
    current.unlink()
    deadman.begin("a", box, "run-2", None)
    assert sorted(box.state.glob("*deadman-*.sh")) == sorted([current, frr])


def test_half_a_script_is_never_run(box):
    def cut(script: str, stdin: str, timeout: float) -> Said:
        return box(script, stdin[: len(stdin) // 2], timeout)

    with pytest.raises(NoSpaceError, match="cannot install"):
        deadman.begin("a", cut, "run-1", None)
    assert not list(box.state.glob("host-deadman-*"))


def test_no_word_is_no_success(box):
    with pytest.raises(SessionLostError, match="did not say that it armed: nothing"):
        deadman.arm("a", lambda *_: Said(0, "", ""), "run-1", 30, None, ())
