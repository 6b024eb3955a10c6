"""Operations that pyinfra lacks, put together from those that it has.

`files.put` of pyinfra uploads to /tmp, then writes over a file in place: a full disk leaves half of it, and
nobody judges it before. `whole_file` hands the text to one command that writes beside the file, has that
judged, and renames it. That is done in a folder of root's own, for who owns the folder around it could plant
a link there and have root write, or give away, what the link leads to.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha1, sha256
from shlex import quote
from typing import Any

from pyinfra import host as this_host
from pyinfra.api import StringCommand, operation
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import Directory, Link, Sha1File
from pyinfra.facts.files import File as FileFact
from pyinfra.facts.server import Users
from pyinfra.operations import apt, files, server, systemd

from infra_ctl.change.operations import Service, User

Commands = Iterator[Any]

LISTS_COUNT = 60
"""Minutes for which the package lists of a host are new enough."""

UPDATE = (
    f'[ -n "$(find {apt.APT_UPDATE_FILENAME} -mmin -{LISTS_COUNT} 2>/dev/null)" ] && '
    f'[ -z "$(find /etc/apt -newer {apt.APT_UPDATE_FILENAME})" ] || '
    f"{{ apt-get -o APT::Update::Error-Mode=any update && touch {apt.APT_UPDATE_FILENAME}; }}"
)
"""By itself, apt calls a repository that is gone a success; pyinfra does not see that sources are others."""

VERBS = ("disable", "stop", "enable", "start", "reload", "restart")


# pyinfra's operation() turns a generator of commands into something that is called for its effects.
@operation()
def whole_file(
    path: str, text: str, mode: str = "644", owner: str = "root", group: str = "root", validate_by: str = ""
) -> Commands:
    """A file with all of its text, whole or not at all."""
    present = this_host.get_fact(FileFact, path=path)
    if has_text(path, text) and _is_owned(present, owner, group, mode):
        return
    folder = posixpath.dirname(path)
    yield from files.directory._inner(path=folder, _no_check_owner_mode=True, _no_fail_on_link=True)
    content = text.encode()
    digest = sha256(content).hexdigest()  # by standard input, too: it would tell who guesses the text
    command = _write(path, len(content), owner, group, mode, validate_by)
    yield StringCommand(command, _stdin=[digest, text])


def _is_owned(present: Mapping[str, Any], owner: str, group: str, mode: str) -> bool:
    return (present["user"], present["group"], present["mode"]) == (owner, group, int(mode))


def has_text(path: str, text: str) -> bool:
    """Whether it is a file, and no link to one, that has it."""
    return bool(this_host.get_fact(FileFact, path=path)) and same_text(path, text)


def same_text(path: str, text: str) -> bool:
    """Whether what is there, or what a link there leads to, has it."""
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
    if wanted.test and any(verb in verbs(commands) for verb in ("start", "reload", "restart")):
        yield StringCommand(wanted.test)
    yield from sorted(commands, key=_comes_late)


def _comes_late(command: Any) -> bool:
    """Enabling comes before a start, which may need the names that it gives a unit (rsyslog's `syslog`)."""
    return _shell_text(command).split()[1:2] not in (["daemon-reload"], ["enable"])


def verbs(commands: Sequence[Any]) -> list[str]:
    """What systemctl is told, in order."""
    words = [_shell_text(each).split() for each in commands]
    return [word[1] for word in words if word[:1] == ["systemctl"] and word[1] in VERBS]


def _shell_text(command: Any) -> str:
    return command if isinstance(command, str) else str(command)
