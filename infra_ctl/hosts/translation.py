"""What each typed operation is in pyinfra: its operations and facts, put together where it has no whole one.

`files.put` of pyinfra uploads to /tmp, then writes over a file in place: a full disk leaves half of it, and
nobody judges it before. `whole_file` hands the text to one command that writes beside the file, has that
judged, and renames it. That is done in a folder of root's own, for who owns the folder around it could plant
a link there and have root write, or give away, what the link leads to.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from shlex import quote
from textwrap import shorten
from typing import Any

from pyinfra import host as this_host
from pyinfra.api import StringCommand, operation
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import Directory, FileContents, Link, Sha1File
from pyinfra.facts.files import File as FileFact
from pyinfra.facts.server import Command, Groups, Os, Users
from pyinfra.facts.systemd import SystemdEnabled, SystemdStatus
from pyinfra.operations import apt, files, server, systemd

from infra_ctl.change.operations import (
    Absent,
    File,
    Folder,
    Operation,
    Packages,
    Predicted,
    Run,
    Service,
    User,
    triggers,
)
from infra_ctl.errors import DeviceError
from infra_ctl.hosts.difference import diff, hidden, is_private
from infra_ctl.hosts.session import Asked, LinuxHost, asked

Commands = Iterator[Any]

LISTS_COUNT = 60
"""Minutes for which the package lists of a host are new enough."""

UPDATE = (
    f'[ -n "$(find {apt.APT_UPDATE_FILENAME} -mmin -{LISTS_COUNT} 2>/dev/null)" ] && '
    f'[ -z "$(find /etc/apt -newer {apt.APT_UPDATE_FILENAME})" ] || '
    f"{{ apt-get -o APT::Update::Error-Mode=any update && touch {apt.APT_UPDATE_FILENAME}; }}"
)
"""By itself, apt calls a repository that is gone a success; pyinfra does not see that sources are others."""

UNITS = "/etc/systemd/system/"

WORDS = 72
"""Characters of a command that is told."""

VERBS = ("disable", "stop", "enable", "start", "reload", "restart")


# pyinfra's operation() turns a generator of commands into something that is called for its effects.
@operation()
def whole_file(
    path: str, text: str, mode: str = "644", owner: str = "root", group: str = "root", validate_by: str = ""
) -> Commands:
    """A file with all of its text, whole or not at all."""
    present = this_host.get_fact(FileFact, path=path)
    if _has_text(path, text) and _is_owned(present, owner, group, mode):
        return
    folder = posixpath.dirname(path)
    yield from files.directory._inner(path=folder, _no_check_owner_mode=True, _no_fail_on_link=True)
    content = text.encode()
    digest = sha256(content).hexdigest()  # by standard input, too: it would tell who guesses the text
    command = _write(path, len(content), owner, group, mode, validate_by)
    yield StringCommand(command, _stdin=[digest, text])


def _is_owned(present: Mapping[str, Any], owner: str, group: str, mode: str) -> bool:
    return (present["user"], present["group"], present["mode"]) == (owner, group, int(mode))


def _has_text(path: str, text: str) -> bool:
    """Whether it is a file, and no link to one, that has it."""
    return bool(this_host.get_fact(FileFact, path=path)) and _same_text(path, text)


def _same_text(path: str, text: str) -> bool:
    digest = this_host.get_fact(Sha1File, path=path)
    return bool(digest == sha1(text.encode(), usedforsecurity=False).hexdigest())


NEW = "infra-ctl-new"

IS_OURS = """case $(stat -c '%u %a' .) in "$(id -u) "*700) ;; *) false ;; esac"""
"""Whether nobody else can put anything into the folder that the shell is in."""


def _write(path: str, size: int, owner: str, group: str, mode: str, validate_by: str) -> str:
    """Puts its input, after a line with its digest, in the place of a file.

    No other reads half of it, none that is not judged good. The folder is entered once: what its name leads
    to later does not count. Where that is a link, it leads to a folder of who is to own the file.
    """
    folder, name = posixpath.dirname(path), posixpath.basename(path)
    beside, new = quote(f".{name}.{NEW}"), quote(f"./{name}")
    another = quote(f"{folder} leads to a folder that is not of {owner}")
    enter = (
        f"cd {quote(folder)}",
        f'{{ [ "$(pwd -P)" = {quote(folder)} ] || [ "$(stat -c %U .)" = {quote(owner)} ] || '
        f"{{ echo {another} >&2; false; }}; }}",
        f"rm -rf {beside}*",  # what a cut session left
        f"own=$(mktemp -d {beside}.XXXXXX)",
    )
    steps = (
        'cd "$own"',
        IS_OURS,
        f"head -c {size} >{new}",
        f'echo "$digest  "{new} | sha256sum -c --status',
        f"chown -h {quote(f'{owner}:{group}')} {new}",
        f"chmod {quote(mode)} {new}",
        *([validate_by.replace("{}", f'"$PWD"/{quote(name)}')] if validate_by else []),
        f"mv -fT {new} {quote(f'../{name}')}",
    )
    return (
        f"umask 077; read -r digest; {' && '.join(enter)} || exit 1; "
        f'( {" && ".join(steps)} ); code=$?; rm -rf "$own"; exit $code'
    )


@operation()
def packages(names: Sequence[str]) -> Commands:
    """Packages that are installed; the lists are brought up to date where one is not."""
    missing = absent_packages(names)
    if missing:
        yield StringCommand(UPDATE)
        yield from apt.packages._inner(packages=list(missing), no_recommends=True)


def absent_packages(names: Sequence[str]) -> tuple[str, ...]:
    """Of these, the ones that the host does not have."""
    installed = this_host.get_fact(DebPackages)
    return tuple(name for name in names if name not in installed)


@operation()
def nothing_there(path: str) -> Commands:
    """A file, link or folder that is not there."""
    if this_host.get_fact(Directory, path=path):
        yield from files.directory._inner(path=path, present=False)
    elif this_host.get_fact(Link, path=path):
        yield from files.link._inner(path=path, present=False)
    else:
        yield from files.file._inner(path=path, present=False)


@operation()
def account(wanted: User) -> Commands:
    """An account, and all the keys that may log in as it."""
    yield from server.user._inner(
        user=wanted.name,
        home=wanted.home or None,
        shell=wanted.shell,
        groups=list(wanted.groups),
        system=wanted.system,
        ensure_home=bool(wanted.home or wanted.keys),
    )
    if wanted.keys:
        group = (this_host.get_fact(Users).get(wanted.name) or {}).get("group", wanted.name)
        folder = f"{home_of(wanted)}/.ssh"
        present = this_host.get_fact(Directory, path=folder)
        if not present or not _is_owned(present, wanted.name, group, "700"):
            yield StringCommand(_make_keys_folder(home_of(wanted), f"{wanted.name}:{group}"))
        text = "".join(f"{key}\n" for key in wanted.keys)
        yield from whole_file._inner(f"{folder}/authorized_keys", text, "600", wanted.name, group)


def _make_keys_folder(home: str, owner: str) -> str:
    """Its home is an account's own: what was a folder when we asked may be a link when root gives it away."""
    folder = quote(f"{home}/.ssh is no folder")
    return (
        f"cd {quote(home)} && home=$(pwd -P) && mkdir -p .ssh && cd .ssh && "
        f'{{ [ "$(pwd -P)" = "$home/.ssh" ] || {{ echo {folder} >&2; false; }}; }} && '
        f"chmod 700 . && chown {quote(owner)} ."
    )


def home_of(user: User) -> str:
    """Where an account's files are, where nothing else is said."""
    return user.home or f"/home/{user.name}"


@operation()
def unit(wanted: Service, reread: str = "", daemon_reload: bool = False) -> Commands:
    """A systemd unit; `reread` is how it takes up what has changed. Its test comes before it does."""
    commands = list(
        systemd.service._inner(
            service=wanted.unit,
            running=wanted.running,
            enabled=wanted.enabled,
            reloaded=reread == "reload",
            restarted=reread == "restart",
            daemon_reload=daemon_reload,
        )
    )
    if wanted.test and any(verb in _verbs(commands) for verb in ("start", "reload", "restart")):
        yield StringCommand(wanted.test)
    yield from sorted(commands, key=_comes_late)


def _comes_late(command: Any) -> bool:
    """Enabling comes before a start, which may need the names that it gives a unit (rsyslog's `syslog`)."""
    return _shell_text(command).split()[1:2] not in (["daemon-reload"], ["enable"])


def _verbs(commands: Sequence[Any]) -> list[str]:
    """What systemctl is told, in order."""
    words = [_shell_text(each).split() for each in commands]
    return [word[1] for word in words if word[:1] == ["systemctl"] and word[1] in VERBS]


def _shell_text(command: Any) -> str:
    return command if isinstance(command, str) else str(command)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that would change something, as pyinfra carries it out, and what is said of it."""

    hash: str
    what: Predicted
    starts: bool = False
    """Whether it is a unit that begins anew."""


def prepare(host: LinuxHost, wanted: Operation, changed: Collection[Operation]) -> Prepared | None:
    """What an operation would do after `changed` has changed; None where that is nothing.

    Raises DeviceError where the host cannot be asked.
    """
    try:
        with ctx_host.use(host):
            return _prepared(host, wanted, changed)
    except PyinfraError as error:  # what is there is of another kind
        raise DeviceError(host.name, f"{wanted.id}: {error}") from error
    finally:
        ctx_host.reset()  # pyinfra leaves the host where it was after an error


def _prepared(host: LinuxHost, wanted: Operation, changed: Collection[Operation]) -> Prepared | None:
    begun = _begun(host, wanted, changed)
    if begun is None or not begun.will_change:
        return None
    commands = list(host.state.get_op_data_for_host(host, begun._hash).command_generator())
    creates = isinstance(wanted, File) and host.get_fact(FileFact, path=wanted.path) is None
    what = Predicted(id=wanted.id, says=_says(wanted, commands), diff=_diff(host, wanted), creates=creates)
    starts = isinstance(wanted, Service) and not {"start", "restart"}.isdisjoint(_verbs(commands))
    return Prepared(begun._hash, what, starts)


def _begun(host: LinuxHost, wanted: Operation, changed: Collection[Operation]) -> Any:
    """What pyinfra says of an operation that it is given; nothing where there is none to give."""
    if isinstance(wanted, Service):
        return unit(wanted, _reread(wanted, changed), _is_defined_by(wanted, changed))
    if isinstance(wanted, Run):
        return server.shell(wanted.command) if _is_due(host, wanted, changed) else None
    return ITSELF[type(wanted)](wanted)


ITSELF: dict[type, Callable[[Any], Any]] = {
    Packages: lambda wanted: packages(wanted.names),
    File: lambda wanted: whole_file(
        wanted.path, wanted.text, wanted.mode, wanted.owner, wanted.group, wanted.validate_by
    ),
    Folder: lambda wanted: files.directory(
        wanted.path, user=wanted.owner, group=wanted.group, mode=wanted.mode
    ),
    Absent: lambda wanted: nothing_there(wanted.path),
    User: account,
}
"""Operations that answer to no other's change."""


def _reread(wanted: Service, changed: Collection[Operation]) -> str:
    """How a unit takes up what has changed: a restart reads all that a reload does."""
    ids = {each.id for each in changed}
    if not ids.isdisjoint(wanted.restart_after):
        return "restart"
    return "reload" if not ids.isdisjoint(wanted.reload_after) else ""


def _is_defined_by(wanted: Service, changed: Collection[Operation]) -> bool:
    """Whether systemd has to read anew what the unit is."""
    name = wanted.unit if "." in wanted.unit else f"{wanted.unit}.service"
    ours = (f"{UNITS}{name}", f"{UNITS}{name}.d/")
    return any(isinstance(each, File | Absent) and each.path.startswith(ours) for each in changed)


def _is_due(host: LinuxHost, wanted: Run, changed: Collection[Operation]) -> bool:
    if not {each.id for each in changed}.isdisjoint(triggers(wanted)):
        return True
    return bool(wanted.unless) and host.get_fact(Command, command=_probe(wanted)) != "yes"


def _probe(wanted: Run) -> str:
    return f"sh -c {quote(wanted.unless)} >/dev/null 2>&1 && echo yes || echo no"


def _says(wanted: Operation, commands: Sequence[Any]) -> str:
    if isinstance(wanted, File):
        is_written = not _has_text(wanted.path, wanted.text)
        return wanted.path if is_written else f"{wanted.path} is {_ownership(wanted)}"
    if isinstance(wanted, Service):
        return f"{' and '.join(_verbs(commands)) or 'read anew'} {wanted.unit}"
    return IN_WORDS[type(wanted)](wanted)


IN_WORDS: dict[type, Callable[[Any], str]] = {
    Packages: lambda wanted: f"install {', '.join(absent_packages(wanted.names))}",
    Folder: lambda wanted: f"{wanted.path}/ is {_ownership(wanted)}",
    Absent: lambda wanted: f"remove {wanted.path}",
    User: lambda wanted: f"user {wanted.name}",
    Run: lambda wanted: f"run {shorten(wanted.command.strip().splitlines()[0], WORDS, placeholder=' …')}",
}


def _ownership(wanted: File | Folder) -> str:
    return f"{wanted.owner}:{wanted.group} {wanted.mode}"


def facts_of(wanted: Operation) -> Iterator[Asked]:
    """Facts that an operation asks for first: what it asks for besides costs a round trip each."""
    match wanted:
        case Packages():
            yield asked(DebPackages)
        case File():
            yield from _facts_of_file(wanted.path)
        case Folder():
            yield asked(Directory, path=wanted.path)
        case Absent():
            yield from (asked(fact, path=wanted.path) for fact in (Directory, Link, FileFact))
        case User():
            yield from (asked(fact) for fact in (Users, Groups, Os))
            yield from (asked(Directory, path=path) for path in (home_of(wanted), f"{home_of(wanted)}/.ssh"))
            if wanted.keys:
                yield from _facts_of_file(f"{home_of(wanted)}/.ssh/authorized_keys")
        case Service():
            yield from (_fact_of_unit(fact, wanted.unit) for fact in (SystemdStatus, SystemdEnabled))
        case Run() if wanted.unless:
            yield asked(Command, command=_probe(wanted))


def _facts_of_file(path: str) -> Iterator[Asked]:
    yield from (asked(fact, path=path) for fact in (FileFact, Sha1File))
    yield asked(Directory, path=posixpath.dirname(path))


def _fact_of_unit(fact: type[FactBase[Any]], name: str) -> Asked:
    services = [name if re.search(r"\.[a-z]+$", name) else f"{name}.service"]
    return asked(fact, user_mode=False, machine=None, user_name=None, services=services)


def contents(path: str) -> Asked:
    """The fact of what a file has in it."""
    return asked(FileContents, path=path)


def differing(host: LinuxHost, operations: Sequence[Operation]) -> Iterator[Asked]:
    """Contents of the files whose text is another: what their diffs need. Their facts are gathered."""
    with ctx_host.use(host):
        for each in operations:
            if isinstance(each, File) and not _same_text(each.path, each.text):
                yield contents(each.path)


def present_digests(host: LinuxHost, operations: Sequence[Operation]) -> dict[str, str]:
    """Digests of what the files have in them now whose text is another, by operation. Facts are gathered."""
    found: dict[str, str] = {}
    with ctx_host.use(host):
        for each in operations:
            if isinstance(each, File) and not _same_text(each.path, each.text):
                found[each.id] = host.get_fact(Sha1File, path=each.path) or ""
    return found


def _diff(host: LinuxHost, wanted: Operation) -> str:
    if not isinstance(wanted, File) or _same_text(wanted.path, wanted.text):
        return ""
    is_there = host.get_fact(Sha1File, path=wanted.path)
    before = host.get_fact(FileContents, path=wanted.path) if is_there else []
    lines = diff(before or [], wanted.text.splitlines())
    return hidden(lines) if is_private(wanted.mode) or (is_there and _is_private_now(host, wanted)) else lines


def _is_private_now(host: LinuxHost, wanted: File) -> bool:
    """A link's mode says nothing of what it leads to."""
    present = host.get_fact(FileFact, path=wanted.path)
    return not present or is_private(present["mode"])


FORGETS: dict[type, Callable[[Any], tuple[str, ...]]] = {
    File: lambda wanted: (wanted.path, posixpath.dirname(wanted.path), "Command["),
    Folder: lambda wanted: (wanted.path, "Command["),
    Absent: lambda wanted: (wanted.path, "Command["),
}
"""Whose facts count no more once such an operation has changed something; those of all, for other kinds."""


def forget_what_it_changed(host: LinuxHost, wanted: Operation) -> None:
    """Facts that an operation has made old."""
    for containing in FORGETS.get(type(wanted), lambda _: ("",))(wanted):
        host.facts.forget(containing)
