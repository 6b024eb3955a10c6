"""What each operation is in pyinfra, on a host that is known by its facts; nothing on one that has it."""

from __future__ import annotations

import os
import subprocess
from grp import getgrgid
from hashlib import sha1, sha256
from pathlib import Path
from pwd import getpwuid

import pytest
from pyinfra.context import ctx_host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import Directory, Link, Sha1File
from pyinfra.facts.files import File as FileFact
from pyinfra.facts.server import Groups, Os, Users
from pyinfra.facts.systemd import SystemdEnabled, SystemdStatus

from infra_ctl.change.operations import Absent, File, Folder, Packages, Run, Service, User
from infra_ctl.errors import DeviceError
from infra_ctl.hosts.composed import _make_keys_folder, _write
from infra_ctl.hosts.facts import contents, facts_of, forget_what_it_changed, present_digests
from infra_ctl.hosts.protocol import Way
from infra_ctl.hosts.session import LinuxHost, asked
from infra_ctl.hosts.translation import prepare
from infra_ctl.hosts.worker import Worker

ROOTS = {"user": "root", "group": "root", "mode": 644}
FOLDER = {"user": "root", "group": "root", "mode": 755}
FILE = File(id="a/file", path="/etc/a.conf", text="new\n", validate_by="judge {}")
NGINX = Service(
    id="a/nginx", unit="nginx", reload_after=("a/file",), restart_after=("a/packages",), test="nginx -t"
)
PACKAGES = Packages(id="a/packages", names=("nginx-light", "tree"))
RUN = Run(id="a/run", command="make it\nand more", unless="test -e it", after=("a/file",))
USER = User(id="a/user", name="ann", shell="/bin/sh", keys=("ssh-ed25519 AAAA ann",))
UNIT_FILE = File(id="a/unit", path="/etc/systemd/system/nginx.service.d/a.conf", text="")


def the(fact, **arguments) -> str:
    return asked(fact, **arguments).key


def file_facts(path: str, text: str, **other) -> dict:
    return {
        the(FileFact, path=path): ROOTS | other,
        the(Sha1File, path=path): sha1(text.encode()).hexdigest(),
        the(Directory, path=path.rpartition("/")[0]): FOLDER,
        contents(path).key: text.splitlines(),
    }


def unit_facts(*, running: bool, enabled: bool) -> dict:
    of = {"user_mode": False, "machine": None, "user_name": None, "services": ["nginx.service"]}
    return {
        the(SystemdStatus, **of): {"nginx.service": running},
        the(SystemdEnabled, **of): {"nginx.service": enabled},
    }


def user_facts(shell: str, keys: str) -> dict:
    ann = {
        "home": "/home/ann",
        "shell": shell,
        "group": "ann",
        "groups": [],
        "comment": None,
        "password": "!",
    }
    own = {"user": "ann", "group": "ann"}
    return {
        the(Users): {"ann": ann},
        the(Groups): ["ann"],
        the(Os): "Linux",
        the(Directory, path="/home/ann"): own | {"mode": 755},
        **file_facts("/home/ann/.ssh/authorized_keys", keys, **own, mode=600),
        the(Directory, path="/home/ann/.ssh"): own | {"mode": 700},
    }


def run_facts(holds: str) -> dict:
    (probe,) = facts_of(RUN)
    return {probe.key: holds}


ABSENT = Absent(id="a/none", path="/etc/a.conf")
GONE = {the(fact, path="/etc/a.conf"): None for fact in (Directory, Link, FileFact)}
UP = unit_facts(running=True, enabled=True)

CHANGES = {
    "packages": (PACKAGES, {the(DebPackages): {"tree": {"2"}}}, (), "install nginx-light", ""),
    "another text": (FILE, file_facts("/etc/a.conf", "old\n"), (), "/etc/a.conf", "- old\n+ new"),
    "another mode": (
        FILE,
        file_facts("/etc/a.conf", "new\n", mode=600),
        (),
        "/etc/a.conf is root:root 644",
        "",
    ),
    "another owner": (
        FILE,
        file_facts("/etc/a.conf", "new\n", user="x"),
        (),
        "/etc/a.conf is root:root 644",
        "",
    ),
    "no file": (
        FILE,
        {the(FileFact, path="/etc/a.conf"): None, the(Sha1File, path="/etc/a.conf"): None}
        | {the(Directory, path="/etc"): FOLDER},
        (),
        "/etc/a.conf",
        "+ new",
    ),
    "folder": (Folder(id="a/d", path="/srv/a"), {the(Directory, path="/srv/a"): None}, (), "/srv/a/", None),
    "absent": (ABSENT, GONE | {the(FileFact, path="/etc/a.conf"): ROOTS}, (), "remove /etc/a.conf", ""),
    "absent folder": (
        ABSENT,
        GONE | {the(Directory, path="/etc/a.conf"): FOLDER},
        (),
        "remove /etc/a.conf",
        "",
    ),
    "a key too many": (USER, user_facts("/bin/sh", "ssh-rsa BBBB\n"), (), "user ann", ""),
    "stopped": (NGINX, unit_facts(running=False, enabled=False), (), "enable and start nginx", ""),
    "reload": (NGINX, UP, (FILE,), "reload nginx", ""),
    "restart": (NGINX, UP, (FILE, PACKAGES), "restart nginx", ""),
    "unit changed": (NGINX, UP, (UNIT_FILE,), "read anew nginx", ""),
    "unless fails": (RUN, run_facts("no"), (), "run make it", ""),
    "after": (RUN, run_facts("yes"), (FILE,), "run make it", ""),
}

NOTHING = {
    "packages": (PACKAGES, {the(DebPackages): {"tree": {"2"}, "nginx-light": {"1"}}}),
    "file": (FILE, file_facts("/etc/a.conf", "new\n")),
    "folder": (Folder(id="a/d", path="/srv/a"), {the(Directory, path="/srv/a"): FOLDER}),
    "absent": (ABSENT, GONE),
    "user": (USER, user_facts("/bin/sh", "ssh-ed25519 AAAA ann\n")),
    "service": (NGINX, UP),
    "service that is to be down": (
        Service(id="a/nginx", unit="nginx", running=False, enabled=False),
        unit_facts(running=False, enabled=False),
    ),
    "run": (RUN, run_facts("yes")),
    "run after nothing": (Run(id="a/run", command="x", after=("a/file",)), {}),
}


@pytest.fixture
def host():
    worker = Worker(lambda _answer: None)
    return worker._adopted(
        Way(part="a", address="10.0.0.1", username="infra", known_hosts="/none", sudo=True)
    )


def know(host: LinuxHost, facts: dict) -> None:
    host.facts.values = dict(facts)


def commands(host: LinuxHost, prepared) -> list[str]:
    generator = host.state.get_op_data_for_host(host, prepared.hash).command_generator
    with ctx_host.use(host):
        return [each if isinstance(each, str) else each.get_raw_value() for each in generator()]


@pytest.mark.parametrize(("wanted", "facts", "changed", "says", "diff"), CHANGES.values(), ids=CHANGES)
def test_what_would_be_done(host, wanted, facts, changed, says, diff):
    know(host, facts)
    prepared = prepare(host, wanted, changed)
    assert prepared.what.id == wanted.id
    assert prepared.what.says.startswith(says)
    assert diff is None or prepared.what.diff == diff


LINK = {the(FileFact, path="/etc/a.conf"): False, the(Sha1File, path="/etc/a.conf"): None}


def test_only_a_file_that_was_not_there_is_created(host):
    found = {}
    for name, (wanted, facts, changed, *_) in CHANGES.items():
        know(host, facts)
        found[name] = prepare(host, wanted, changed).what.creates
    assert [name for name, creates in found.items() if creates] == ["no file"]


def test_what_stands_in_the_place_of_a_link_was_there(host):
    know(host, LINK | {the(Directory, path="/etc"): FOLDER})
    assert not prepare(host, FILE, ()).what.creates


@pytest.mark.parametrize(("wanted", "present"), [("600", 644), ("640", 644), ("644", 600), ("644", 440)])
def test_lines_of_a_file_that_not_everybody_may_read_are_counted_and_not_shown(host, wanted, present):
    know(host, file_facts("/etc/a.conf", "password th3-old-0ne\n", mode=present))
    prepared = prepare(host, FILE.model_copy(update={"mode": wanted}), ())
    assert prepared.what.diff == "  2 lines of a private file differ"


def test_what_files_have_in_them_that_are_to_have_another_text_is_told_by_digests(host):
    other = FILE.model_copy(update={"id": "a/same", "path": "/etc/b.conf"})
    gone = FILE.model_copy(update={"id": "a/gone", "path": "/etc/c.conf"})
    old = "password th3-old-0ne\n"
    facts = file_facts(FILE.path, old) | file_facts(other.path, other.text)
    know(host, facts | {the(Sha1File, path=gone.path): None})
    assert present_digests(host, (FILE, other, gone)) == {
        FILE.id: sha1(old.encode()).hexdigest(),
        gone.id: "",
    }


def test_what_a_link_leads_to_may_be_private(host):
    path = "/etc/a.conf"
    know(host, file_facts(path, "password th3-old-0ne\n") | {the(FileFact, path=path): False})
    assert "th3-old-0ne" not in prepare(host, FILE, ()).what.diff


@pytest.mark.parametrize(("wanted", "facts"), NOTHING.values(), ids=NOTHING)
def test_nothing_where_it_is_as_it_should_be(host, wanted, facts):
    know(host, facts)
    assert prepare(host, wanted, ()) is None


@pytest.mark.parametrize(
    ("wanted", "facts"), [(wanted, facts) for wanted, facts, *_ in CHANGES.values()], ids=CHANGES
)
def test_the_facts_that_come_in_one_round_trip_are_those_that_are_asked_for(wanted, facts):
    gathered = {each.key for each in facts_of(wanted)}
    needed = {key for key in facts if not key.startswith("FileContents")}
    assert needed <= gathered


def test_a_file_is_judged_before_it_is_put_in_place(host):
    know(host, file_facts("/etc/a.conf", "old\n"))
    (command,) = commands(host, prepare(host, FILE, ()))
    judged, placed = command.index('judge "$PWD"/a.conf'), command.index("mv -fT")
    assert command.startswith("umask 077")
    assert judged < placed
    assert "new\n" not in command  # its text goes by standard input: command lines are everybody's to read
    assert sha256(b"new\n").hexdigest() not in command  # and what would tell who guesses it


def written(path: Path, text: str, owner: str = "", judge: str = "") -> subprocess.CompletedProcess[str]:
    """A file, written as on a host."""
    owner = owner or getpwuid(os.getuid()).pw_name
    command = _write(str(path), len(text), owner, getgrgid(os.getgid()).gr_name, "600", judge)
    stdin = f"{sha256(text.encode()).hexdigest()}\n{text}"
    return subprocess.run(
        ["/bin/sh", "-c", command], input=stdin, capture_output=True, text=True, check=False
    )


@pytest.fixture
def home(tmp_path):
    """A folder that its owner may put into what he likes, and what is not his."""
    (tmp_path / "home").mkdir()
    (tmp_path / "victim").write_text("root's\n")
    (tmp_path / "victims").mkdir(0o700)
    return tmp_path / "home"


def test_a_link_that_is_planted_leads_root_nowhere(home, tmp_path):
    (home / "..pgpass.infra-ctl-new").symlink_to(tmp_path / "victim")
    (home / ".pgpass").symlink_to(tmp_path / "victim")
    assert written(home / ".pgpass", "ours\n").returncode == 0
    assert (tmp_path / "victim").read_text() == "root's\n"
    assert (home / ".pgpass").read_text() == "ours\n"
    assert (home / ".pgpass").stat().st_mode & 0o777 == 0o600
    assert list(home.iterdir()) == [home / ".pgpass"]


def test_a_folder_that_is_swapped_meanwhile_leads_root_nowhere(home, tmp_path):
    swap = f"mv {home} {tmp_path}/away && ln -s {tmp_path}/victims {home}; test -s {{}} || test -d {home}"
    assert written(home / "keys", "ours\n", judge=swap).returncode == 0
    assert list((tmp_path / "victims").iterdir()) == []
    assert [each.name for each in (tmp_path / "away").iterdir()] == ["keys"]


def test_a_link_to_a_folder_of_another_is_not_followed(home, tmp_path):
    (home / ".ssh").symlink_to(tmp_path / "victims")
    said = written(home / ".ssh/authorized_keys", "ours\n", owner="nobody")
    assert said.returncode == 1
    assert said.stderr == f"{home}/.ssh leads to a folder that is not of nobody\n"
    assert list((tmp_path / "victims").iterdir()) == []


def test_a_folder_of_keys_that_became_a_link_gives_nothing_away(home, tmp_path):
    owner = f"{getpwuid(os.getuid()).pw_name}:{getgrgid(os.getgid()).gr_name}"

    def made() -> str:
        command = ["/bin/sh", "-c", _make_keys_folder(str(home), owner)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr

    assert made() == ""
    assert (home / ".ssh").stat().st_mode & 0o777 == 0o700
    (home / ".ssh").rmdir()
    (home / ".ssh").symlink_to(tmp_path / "victims")
    (tmp_path / "victims").chmod(0o755)
    assert made() == f"{home}/.ssh is no folder\n"
    assert (tmp_path / "victims").stat().st_mode & 0o777 == 0o755


def test_half_a_text_never_gets_the_name_and_leaves_nothing(home):
    (home / "file").write_text("old\n")
    assert written(home / "file", "new\n", judge="false {}").returncode == 1
    command = _write(str(home / "file"), 4, "nobody", "nogroup", "600", "")
    cut = subprocess.run(["/bin/sh", "-c", command], input=b"0123\nne", check=False)
    assert cut.returncode != 0
    assert (home / "file").read_text() == "old\n"
    assert list(home.iterdir()) == [home / "file"]


def test_a_unit_is_tested_before_it_reads_anew_and_only_then(host):
    know(host, UP)
    assert commands(host, prepare(host, NGINX, (FILE,))) == ["nginx -t", "systemctl reload nginx.service"]
    know(host, unit_facts(running=True, enabled=False))
    assert commands(host, prepare(host, NGINX, ())) == ["systemctl enable nginx.service"]


def test_a_unit_has_its_names_before_it_is_started(host):
    know(host, unit_facts(running=False, enabled=False))
    assert commands(host, prepare(host, NGINX, ())) == [
        "nginx -t",
        "systemctl enable nginx.service",
        "systemctl start nginx.service",
    ]


def test_it_is_known_which_unit_begins_anew(host):
    know(host, UP)
    assert not prepare(host, NGINX, (FILE,)).starts
    assert prepare(host, NGINX, (PACKAGES,)).starts
    know(host, unit_facts(running=False, enabled=True))
    assert prepare(host, NGINX, ()).starts


def test_systemd_reads_a_unit_that_has_changed_before_it_is_started_again(host):
    know(host, UP)
    wanted = NGINX.model_copy(update={"restart_after": ("a/unit",), "test": ""})
    assert commands(host, prepare(host, wanted, (UNIT_FILE,))) == [
        "systemctl daemon-reload",
        "systemctl restart nginx.service",
    ]


def test_what_is_of_another_kind_is_an_error_of_that_host_and_not_overwritten(host):
    know(host, {the(Directory, path="/srv/a"): False})
    with pytest.raises(DeviceError, match="a: a/d: /srv/a exists and is not a directory"):
        prepare(host, Folder(id="a/d", path="/srv/a"), ())


def test_what_an_operation_has_changed_is_asked_again_and_nothing_else(host):
    facts = {**file_facts("/etc/a.conf", "old\n"), **file_facts("/srv/b", "old\n"), **UP}
    know(host, facts)
    forget_what_it_changed(host, FILE)
    assert host.facts.values.keys() == {**file_facts("/srv/b", "old\n"), **UP}.keys()
    forget_what_it_changed(host, PACKAGES)
    assert host.facts.values == {}
