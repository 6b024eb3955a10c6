"""`infra-ctl backup` and `restore`: a repository that git reads, with the right names in it; and back."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from infra_ctl.backup.collecting import hidden, host_files, intended
from infra_ctl.backup.records import Part
from infra_ctl.backup.repository import writing
from infra_ctl.change.operations import File
from infra_ctl.cli import hosts as cli_hosts
from infra_ctl.cli import logins as cli_logins
from infra_ctl.cli.exits import Exit
from infra_ctl.context import hosts as context_hosts
from infra_ctl.drivers.embedded import Fault
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.drivers.logins import Login
from infra_ctl.errors import RefusedError, UnreachableError
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import PROCEDURE, Purpose, RunState, Step, StepState
from infra_ctl.masking import Masking
from tests.unit.cli.conftest import Command, Said
from tests.unit.cli.test_deploy_command import Faults, faults  # noqa: F401 - a fixture
from tests.unit.watched_hosts import WatchedHosts, fleet

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"
JSON = ("--output", "json")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(("git", "-C", folder, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def authors(folder: Path, path: str) -> list[str]:
    """Of the commits of a file, newest first."""
    return git(folder, "log", "--format=%an", "--", path).splitlines()


def run_of(said: Said) -> str:
    return said.out.split()[-1]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "var" / "backup" / "embedded"


class Router:
    """A simulated router as somebody edits it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def edit(self, old: str, new: str) -> None:
        text = self._file.read_text(encoding="utf-8")
        assert old in text  # once in what it runs, once in what it starts with
        self._file.write_text(text.replace(old, new), encoding="utf-8")

    def text(self) -> str:
        return self._file.read_text(encoding="utf-8")


@pytest.fixture
def ward(tmp_path: Path) -> Router:
    return Router(tmp_path / "var/embedded/devices" / f"{WARD}.json")


COST = (r"interface lo\n description loopback", r"interface lo\n description by hand")


def test_a_run_and_drift_are_told_apart_and_nothing_new_is_no_commit(
    infra_ctl: Command, place: Path, ward: Router
) -> None:
    run = run_of(infra_ctl("deploy", WARD, "--yes", "--reason", "IPv6 in An Hòa", "--ticket", "CT-812"))
    said = infra_ctl("backup")
    assert said.code == Exit.DONE
    assert said.out.splitlines()[-1].startswith(f"10 kept · 0 unchanged · {place} (10 devices, ")
    assert infra_ctl("backup").out.startswith("no changes (10 devices, ")
    ward.edit(*COST)
    said = infra_ctl("backup", *JSON)
    assert [(each["device"], each["author"]) for each in said.json["commits"]] == [(WARD, "drift")]
    assert len(said.json["unchanged"]) == 9
    assert said.json["head"] == git(place, "rev-parse", "HEAD").strip()
    file = f"devices/{WARD}.conf"
    assert authors(place, file) == ["drift", f"run {run}"]
    assert "+ description by hand" in git(place, "show", "HEAD")
    message = git(place, "log", "-1", "--format=%B%n%ae", f"--author=run {run}", "--", file)
    assert message.startswith(f"{WARD}: deploy {run}\n\nIPv6 in An Hòa\n\nRun: {run}\n")
    assert "\nTicket: CT-812\n" in message
    assert infra_ctl("runs", *JSON).json[0]["user"] + "@" in message.splitlines()[-1]
    assert git(place, "fsck", "--strict") == ""


def test_what_two_runs_did_between_two_backups_are_two_commits_with_what_came_between(
    infra_ctl: Command, place: Path, ward: Router
) -> None:
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup")
    ward.edit(*COST)
    second = run_of(infra_ctl("deploy", WARD, "--yes", "--reason", "Run: 1\n\nDevice: x"))
    ward.edit(*COST)
    third = run_of(infra_ctl("deploy", WARD, "--yes"))
    assert infra_ctl("backup", WARD).code == Exit.DONE
    file = f"devices/{WARD}.conf"
    assert authors(place, file)[:-1] == [f"run {third}", "drift", f"run {second}", "drift"]
    shown = git(place, "show", "HEAD~1", "--format=")
    assert [line for line in shown.splitlines() if line.endswith("by hand")] == ["+ description by hand"]


def test_no_secret_is_in_the_repository_and_a_file_is_what_the_device_takes(
    infra_ctl: Command, place: Path, ward: Router
) -> None:
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup")
    text = git(place, "show", f"HEAD:devices/{WARD}.conf")
    assert " ip ospf message-digest-key 1 md5 vault:ospf/key\n" in text
    values = [line.split()[-1] for line in ward.text().replace(r"\n", "\n").splitlines() if " md5 " in line]
    assert values
    assert [value for value in values if value in text] == []


def test_what_cannot_be_read_is_named_and_the_others_are_kept(
    infra_ctl: Command,
    place: Path,
    faults: Faults,  # noqa: F811 - the fixture
) -> None:
    faults[WARD] = Fault(unreachable=True)
    said = infra_ctl("backup")
    assert said.code == Exit.PARTIAL
    assert f"! {WARD:<26} " in said.out
    assert "9 kept · 0 unchanged · 1 not read" in said.out
    assert git(place, "ls-tree", "-r", "--name-only", "HEAD").count(".conf") == 9
    said = infra_ctl("backup", WARD, *JSON)
    assert (said.code, list(said.json["failed"])) == (Exit.FAILED, [WARD])


def test_what_a_run_changes_meanwhile_is_nobody_s_drift(
    infra_ctl: Command, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    infra_ctl("deploy", WARD, "--yes")
    journal = open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")
    monkeypatch.setattr(type(journal), "touched", lambda *_words: frozenset({WARD}))
    journal.close()
    said = infra_ctl("backup")
    assert said.code == Exit.PARTIAL
    assert f"! {WARD:<26} a run changed it meanwhile: back it up again\n" in said.out


KILLED = """
import os, signal, sys
from itertools import count
from dulwich.object_store import DiskObjectStore
from dulwich.refs import DiskRefsContainer
from infra_ctl.cli import app

writes, last = count(1), int(sys.argv.pop(1))
add, move = DiskObjectStore.add_object, DiskRefsContainer.set_if_equals

def dying(does):
    def counted(*words, **more):
        if next(writes) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return does(*words, **more)
    return counted

DiskObjectStore.add_object, DiskRefsContainer.set_if_equals = dying(add), dying(move)
app.main()
"""


@pytest.mark.parametrize("number", [1, 6, 41])
def test_a_killed_backup_leaves_a_sound_repository_and_the_next_one_keeps_all(
    infra_ctl: Command, place: Path, number: int
) -> None:
    """At its first object, in the middle of a commit, before the branch moves: ten commits have four each."""
    killed = subprocess.run(
        (sys.executable, "-c", KILLED, str(number), "backup"), capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert git(place, "fsck", "--strict", "--no-dangling") == ""
    assert infra_ctl("restore", WARD).code == Exit.USAGE, "nothing of it is there"
    said = infra_ctl("backup")
    assert (said.code, said.out.splitlines()[-1].partition(" ·")[0]) == (Exit.DONE, "10 kept")
    assert git(place, "fsck", "--strict", "--no-dangling") == ""
    assert len(git(place, "log", "--format=%h").splitlines()) == 10


def test_there_is_one_writer_at_a_time(infra_ctl: Command, place: Path) -> None:
    with writing(place, "somebody@elsewhere"):
        said = infra_ctl("backup")
    assert (said.code, said.err.splitlines()[-1]) == (
        Exit.REFUSED,
        f"error: {place}: another backup is under way",
    )
    assert infra_ctl("backup").code == Exit.DONE


def test_what_a_killed_git_left_locked_is_not_for_ever(infra_ctl: Command, place: Path, ward: Router) -> None:
    infra_ctl("backup", WARD)
    lock = place / "refs" / "heads" / "main.lock"
    lock.touch()
    ward.edit(r"interface eth0\n", r"interface eth0\n description by hand\n")
    said = infra_ctl("backup", WARD)
    assert (said.code, "another git process is at its branch" in said.err) == (Exit.FAILED, True)
    os.utime(lock, (0, 0))
    assert infra_ctl("backup", WARD).code == Exit.DONE
    assert authors(place, ".") == ["drift", "drift"]


def test_a_folder_that_is_no_bare_repository_is_refused(infra_ctl: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes").touch()
    said = infra_ctl("backup", "--to", str(folder))
    assert (said.code, "is no git repository" in said.err) == (Exit.REFUSED, True)
    (folder / "notes").unlink()
    git(tmp_path, "init", "-q", str(folder))
    said = infra_ctl("backup", "--to", str(folder))
    assert (said.code, "has a working tree" in said.err) == (Exit.REFUSED, True)
    with pytest.raises(RefusedError), writing(folder, "x@y"):
        pass


def test_a_commit_of_somebody_else_is_gone_on_from(
    infra_ctl: Command, place: Path, ward: Router, tmp_path: Path
) -> None:
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(place), str(clone))
    (clone / "README").write_text("whom to call\n")
    git(clone, "add", "README")
    git(clone, "-c", "user.name=Lan", "-c", "user.email=lan@city", "commit", "-q", "-m", "Whom to call")
    git(clone, "push", "-q")
    ward.edit(*COST)
    assert infra_ctl("backup").out.startswith(f"~ {WARD}")
    assert git(place, "show", "HEAD:README") == "whom to call\n"
    assert git(place, "log", "--format=%an", "-2").splitlines() == ["drift", "Lan"]


def test_a_device_goes_back_to_what_was_kept_and_the_next_deploy_to_the_inventory(
    infra_ctl: Command, place: Path, ward: Router
) -> None:
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup")
    ward.edit(*COST)
    drift = infra_ctl("backup", *JSON).json["commits"][0]["commit"]
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup")
    said = infra_ctl("restore", WARD, "--at", drift[:8], "--dry-run")
    assert said.code == Exit.DONE
    assert f"from    backup {drift[:12]} of " in said.out
    assert "\n  +  description by hand\n" in said.out
    assert f"intent  is not what comes back: infra-ctl deploy {WARD} brings {WARD} to" in said.out
    assert "by hand" not in ward.text()
    said = infra_ctl("restore", WARD, "--at", drift[:8], "--yes", "--reason", "as it was", "--ticket", "CT-9")
    assert said.code == Exit.DONE, said
    assert "by hand" in ward.text()
    run = infra_ctl("runs", *JSON).json[0]
    assert (run["kind"], run["reason"], run["ticket"]) == (
        "restore",
        f"backup {drift[:12]}: as it was",
        "CT-9",
    )
    infra_ctl("backup")
    assert authors(place, f"devices/{WARD}.conf")[0] == f"run {run['id']}"
    assert infra_ctl("restore", WARD, "--yes").out.splitlines()[-1].startswith("no changes (1 device, ")
    assert infra_ctl("rollback", run["id"], "--yes").code == Exit.DONE
    assert "by hand" not in ward.text()
    assert infra_ctl("deploy", WARD, "--yes").out.startswith("no changes")


def test_what_the_next_deploy_leaves_alone_is_no_difference(infra_ctl: Command, ward: Router) -> None:
    infra_ctl("deploy", WARD, "--yes")
    ward.edit(r'"bfd\n', r'"ip route 192.0.2.0/24 Null0\nbfd\n')
    infra_ctl("backup", WARD)
    ward.edit(*COST)
    said = infra_ctl("restore", WARD, "--yes")
    assert (said.code, "intent  " in said.out) == (Exit.DONE, False)
    assert "by hand" not in ward.text()
    assert "ip route 192.0.2.0/24 Null0" in ward.text()
    assert infra_ctl("deploy", WARD, "--yes").out.splitlines()[-1].startswith("no changes")


def test_a_time_means_what_there_was_at_it(infra_ctl: Command, place: Path, ward: Router) -> None:
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup")
    at = git(
        place, "log", "-1", "--format=%ad", "--date=format:%Y-%m-%dT%H:%M:%S", "--", f"devices/{WARD}.conf"
    )
    said = infra_ctl("restore", WARD, "--at", at.strip(), "--dry-run")
    assert said.code == Exit.DONE
    early = infra_ctl("restore", WARD, "--at", "2020-01-01", "--yes")
    assert (early.code, f"the backup has {WARD} from 2" in early.err) == (Exit.USAGE, True)
    for word in ("yesterday", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"):
        odd = infra_ctl("restore", WARD, "--at", word, "--yes")
        assert (odd.code, "neither a commit nor a time" in odd.err) == (Exit.USAGE, True)
    unknown = infra_ctl("restore", WARD, "--at", "0123456789", "--yes")
    assert (unknown.code, "no commit begins with 0123456789" in unknown.err) == (Exit.USAGE, True)


def test_a_secret_that_nobody_has_any_more_is_refused_with_its_line(
    infra_ctl: Command, place: Path, ward: Router
) -> None:
    infra_ctl("deploy", WARD, "--yes")
    before = ward.text()
    ward.edit(r"interface lo\n desc", r"interface lo\n ip ospf authentication-key nobodys1\n desc")
    infra_ctl("backup")
    assert "nobodys1" not in git(place, "log", "-p")
    said = infra_ctl("restore", WARD, "--dry-run")
    assert (said.code, said.out.splitlines()[-1][:22]) == (Exit.DONE, "no changes (1 device, "), "it has it"
    ward.edit(r" ip ospf authentication-key nobodys1\n", "")
    said = infra_ctl("restore", WARD, "--yes")
    assert said.code == Exit.REFUSED
    assert f"error: {WARD}: nobody has <secret:" in said.err
    assert "any more, in the line 'ip ospf authentication-key <secret:" in said.err
    assert ward.text() == before


def test_a_key_that_was_rolled_in_the_vault_only_is_nobody_s_change(
    infra_ctl: Command, place: Path, ward: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may be named who did nothing to the device."""
    alice = Login("alice", "10.9.9.9", "")
    monkeypatch.setattr(cli_logins, "logins", lambda *_words: lambda *_when: (alice,))
    infra_ctl("deploy", WARD, "--yes")
    infra_ctl("backup", WARD)
    before = ward.text()
    assert infra_ctl("secrets", "rotate", "ospf/key", "--yes").code == Exit.DONE
    said = infra_ctl("backup", WARD, *JSON)
    (commit,) = said.json["commits"]
    assert commit["subject"].startswith(f"{WARD}: a secret reads otherwise")
    assert commit["author"] == "drift"
    assert ward.text() == before
    ward.edit(*COST)
    (commit,) = infra_ctl("backup", WARD, *JSON).json["commits"]
    assert (commit["author"], commit["notes"][0]) == ("alice", ["Login", "alice from 10.9.9.9"])


def test_of_several_people_nobody_is_the_author(
    infra_ctl: Command, place: Path, ward: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Login("alice", "10.9.9.9", ""), Login("bob", "10.9.9.8", "")
    monkeypatch.setattr(cli_logins, "logins", lambda *_words: lambda *_when: both)
    infra_ctl("backup", WARD)
    assert authors(place, ".") == ["drift"], "that it was never seen before is nobody's doing"
    infra_ctl("deploy", WARD, "--yes")
    ward.edit(*COST)
    infra_ctl("backup", WARD)
    assert authors(place, ".")[0] == "drift"
    message = git(place, "log", "-1", "--format=%B")
    assert "\nLogin: alice from 10.9.9.9\nLogin: bob from 10.9.9.8\n" in message


def test_two_networks_do_not_share_a_repository(infra_ctl: Command, place: Path) -> None:
    infra_ctl("backup", WARD)
    theirs = pytest.raises(RefusedError, match="of context embedded: lab:x needs")
    with writing(place, "x@y") as repository, theirs:
        repository.refuse_other("lab:x")


def test_what_was_never_kept_cannot_come_back(infra_ctl: Command, place: Path) -> None:
    said = infra_ctl("restore", WARD, "--yes")
    assert (said.code, said.err.splitlines()[-1]) == (
        Exit.USAGE,
        f"error: there is no backup in {place} yet: infra-ctl backup",
    )
    infra_ctl("backup", POP)
    said = infra_ctl("restore", WARD, "--yes")
    assert (said.code, f"the backup has nothing of {WARD}" in said.err) == (Exit.USAGE, True)
    assert infra_ctl("restore", "nk-pop9", "--yes").code == Exit.USAGE


APP, NTP = "dc-app-1", "dc-ntp-1"
OPENINGS = "/etc/infra-ctl/openings.json"
SYSCTL = "/etc/sysctl.d/60-infra-ctl.conf"


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> WatchedHosts:
    there = WatchedHosts()
    monkeypatch.setattr(context_hosts, "present_hosts", lambda _context, _city: (APP, NTP))
    monkeypatch.setattr(cli_hosts, "host_fleet", lambda _context, _city: fleet(there))
    return there


def spoil(hosts: WatchedHosts, name: str, path: str, text: str | None) -> None:
    """As by hand on a host: a file that reads otherwise, or is gone."""
    files = dict(hosts.machines[name].files)
    old = files.pop(path)
    if text is not None:
        files[path] = old.model_copy(update={"text": text})
    hosts.machines[name] = dataclasses.replace(hosts.machines[name], files=files)


def test_hosts_are_kept_by_file_and_by_who_changed_them(
    infra_ctl: Command, place: Path, hosts: WatchedHosts
) -> None:
    chosen = f"host={APP} or host={NTP}"
    run = run_of(infra_ctl("deploy", chosen, "--yes", "--reason", "hosts"))
    said = infra_ctl("backup", chosen)
    assert said.code == Exit.DONE, said
    assert authors(place, f"hosts/{APP}") == [f"run {run}"]
    own = hosts.machines[APP].files[SYSCTL].text
    assert git(place, "show", f"HEAD:hosts/{APP}{SYSCTL}") == own
    spoil(hosts, APP, SYSCTL, "vm.swappiness = 7\n")
    spoil(hosts, NTP, OPENINGS, None)
    said = infra_ctl("backup", chosen, *JSON)
    assert {each["host"]: each["author"] for each in said.json["commits"]} == {APP: "drift", NTP: "drift"}
    assert git(place, "diff", "--name-status", "HEAD~2", "HEAD").splitlines() == [
        f"M\thosts/{APP}{SYSCTL}",
        f"D\thosts/{NTP}/etc/infra-ctl/openings.json",
    ]
    assert infra_ctl("backup", chosen).out.startswith("no changes (2 hosts, ")
    hosts.silent[NTP] = UnreachableError(NTP, "no route to host")
    said = infra_ctl("backup", chosen)
    assert (said.code, f"! {NTP:<26} no route to host\n" in said.out) == (Exit.PARTIAL, True)


def test_files_of_a_host_go_back_and_the_next_deploy_to_the_inventory(
    infra_ctl: Command, place: Path, hosts: WatchedHosts
) -> None:
    infra_ctl("deploy", APP, "--yes")
    own = hosts.machines[APP].files[SYSCTL].text
    fewer = "".join(own.splitlines(keepends=True)[:-1])
    spoil(hosts, APP, SYSCTL, fewer)
    spoil(hosts, APP, OPENINGS, None)
    infra_ctl("backup", APP)
    infra_ctl("deploy", APP, "--yes")
    said = infra_ctl("restore", APP, "--yes")
    assert said.code == Exit.DONE, said
    assert f"infra-ctl deploy {APP} brings {APP} to the inventory again\n" in said.out
    assert hosts.machines[APP].files[SYSCTL].text == fewer
    assert OPENINGS not in hosts.machines[APP].files
    run = infra_ctl("runs", *JSON).json[0]
    assert (run["kind"], run["state"]) == ("restore", "done")
    infra_ctl("backup", APP)
    assert authors(place, f"hosts/{APP}")[0] == f"run {run['id']}"
    assert infra_ctl("restore", APP, "--yes").out.splitlines()[-1].startswith("no changes (1 host, ")
    assert infra_ctl("rollback", run["id"], "--yes").code == Exit.DONE
    assert infra_ctl("deploy", APP).out.startswith("no changes")
    assert infra_ctl("restore", "bk-app-1", "--yes").code == Exit.USAGE


def test_of_a_host_that_stopped_the_run_made_what_is_there(
    infra_ctl: Command, place: Path, hosts: WatchedHosts
) -> None:
    infra_ctl("deploy", APP, "--yes")
    infra_ctl("backup", APP)
    spoil(hosts, APP, SYSCTL, "vm.swappiness = 7\n")
    spoil(hosts, APP, OPENINGS, "[]\n")
    infra_ctl("backup", APP)
    hosts.faults[APP] = HostFault(fails_at="state/openings")
    infra_ctl("deploy", APP, "--yes")
    run = infra_ctl("runs", *JSON).json[0]["id"]
    assert infra_ctl("backup", APP).code == Exit.DONE
    assert authors(place, f"hosts/{APP}")[0] == f"run {run}"
    assert git(place, "diff", "--name-only", "HEAD~1", "HEAD").splitlines() == [f"hosts/{APP}{SYSCTL}"]


def test_a_procedure_on_a_host_is_no_change_of_its_files(
    infra_ctl: Command, place: Path, hosts: WatchedHosts, tmp_path: Path
) -> None:
    """It is done there, and the journal does not know what it left."""
    first = run_of(infra_ctl("deploy", APP, "--yes"))
    infra_ctl("backup", APP)
    spoil(hosts, APP, SYSCTL, "vm.swappiness = 7\n")
    infra_ctl("backup", APP)
    survey(tmp_path, APP)
    second = run_of(infra_ctl("deploy", APP, "--yes"))
    assert infra_ctl("backup", APP).code == Exit.DONE
    survey(tmp_path, APP)
    assert infra_ctl("backup", APP).out.startswith("no changes (1 host, ")
    assert authors(place, f"hosts/{APP}") == [f"run {second}", "drift", f"run {first}"]


def survey(tmp_path: Path, machine: str) -> None:
    """What a procedure writes down."""
    with closing(open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")) as journal:
        run = journal.start_run(Purpose(PROCEDURE, "embedded", "survey", "", ""), lambda _run: ())
        journal.add_step(Step(run.id, machine, 1, StepState.APPLYING, "", "", "", ""))
        journal.end_step(run.id, machine, StepState.DONE, cause="", diff="")
        journal.finish_run(run.id, RunState.DONE, "")


def test_a_line_that_nobody_meant_is_kept_as_a_hash_in_any_file_and_one_that_was_meant_is_not() -> None:
    masking, part = Masking({"db/replica": "s3cret-of-db"}, b"a key"), Part("dc-db-1", "host")
    passfile = File(id="database/passfile", path="/root/.pgpass", text="# ours\n*:replica:vault:db/replica\n")
    sysctl = File(id="base/sysctl", path="/etc/sysctl.conf", text="# ours\nnew = 1\n")
    texts = {
        passfile.id: "# ours\n*:replica:s3cret-of-db\n*:other:by-hand\n",
        sysctl.id: "# ours\n\nold = 1\npassword by-hand",
    }
    files = host_files(part, [passfile, sysctl], texts, masking)
    before = {"hosts/dc-db-1/etc/sysctl.conf": "old = 1\n"}
    kept = hidden(files, (before, intended(part, [passfile, sysctl], masking)), masking)
    first, second = kept["hosts/dc-db-1/root/.pgpass"], kept["hosts/dc-db-1/etc/sysctl.conf"]
    assert re.fullmatch(r"# ours\n\*:replica:vault:db/replica\n<secret:[0-9a-f]{8}>\n", first)
    assert re.fullmatch(r"# ours\n\nold = 1\n<secret:[0-9a-f]{8}>", second)


def test_a_secret_by_hand_on_a_host_is_not_in_the_repository_and_does_not_come_back(
    infra_ctl: Command, place: Path, hosts: WatchedHosts
) -> None:
    infra_ctl("deploy", APP, "--yes")
    own = hosts.machines[APP].files[SYSCTL].text
    spoil(hosts, APP, SYSCTL, f"{own}# the key is n0bodys\n")
    infra_ctl("backup", APP)
    assert "n0bodys" not in git(place, "log", "-p")
    kept = git(place, "show", f"HEAD:hosts/{APP}{SYSCTL}")
    assert kept.startswith(f"{own}<secret:"), "what is meant is as it was"
    assert infra_ctl("backup", APP).out.startswith("no changes (1 host, ")
    infra_ctl("deploy", APP, "--yes")
    said = infra_ctl("restore", APP, "--yes")
    assert said.code == Exit.REFUSED
    assert f"error: {APP}: nobody has <secret:" in said.err
    assert f"or write it into {SYSCTL} by hand" in said.err


def test_a_deploy_keeps_what_it_changed_where_that_is_wanted(
    infra_ctl: Command, place: Path, hosts: WatchedHosts
) -> None:
    chosen = f"{WARD} or {POP} or host={APP}"
    without = infra_ctl("deploy", POP, "--yes", *JSON)
    assert (without.json["backup"], place.exists()) == (None, False)
    said = infra_ctl("deploy", chosen, "--backup", "--yes", "--reason", "first", *JSON)
    assert said.code == Exit.DONE, said
    run = f"run {said.json['run']}"
    kept = said.json["backup"]["commits"]
    changed = (WARD, APP)
    assert {each.get("device", each.get("host")): each["author"] for each in kept} == dict.fromkeys(
        changed, run
    )
    assert authors(place, ".") == [run] * len(changed)
    assert infra_ctl("backup", f"{WARD} or host={APP}").out.startswith("no changes (1 device, 1 host, ")
    nothing = infra_ctl("deploy", chosen, "--backup", "--yes")
    assert (nothing.code, nothing.out.startswith("no changes (")) == (Exit.DONE, True), nothing


def test_a_deploy_whose_backup_fails_is_done_in_part_and_says_so(
    infra_ctl: Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_DEPLOY_BACKUP", "1")
    with writing(place, "somebody@elsewhere"):
        said = infra_ctl("deploy", WARD, "--yes")
    assert said.code == Exit.PARTIAL
    assert said.out.splitlines()[-1] == f"NOT KEPT  {place}: another backup is under way"
    assert infra_ctl("backup", WARD).code == Exit.DONE, "the journal knows whose change it is"
    assert authors(place, ".")[0].startswith("run ")
