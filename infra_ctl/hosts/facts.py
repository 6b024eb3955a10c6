"""What an operation asks of a host before it is carried out, and what has to be asked again after it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from shlex import quote
from typing import Any

from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import Directory, FileContents, Link, Sha1File
from pyinfra.facts.files import File as FileFact
from pyinfra.facts.server import Command, Groups, Os, Users
from pyinfra.facts.systemd import SystemdEnabled, SystemdStatus

from infra_ctl.change.operations import Absent, File, Folder, Operation, Packages, Run, Service, User
from infra_ctl.hosts.composed import home_of, same_text
from infra_ctl.hosts.session import Asked, LinuxHost, asked


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
            yield asked(Command, command=probe(wanted))


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
            if isinstance(each, File) and not same_text(each.path, each.text):
                yield contents(each.path)


def present_digests(host: LinuxHost, operations: Sequence[Operation]) -> dict[str, str]:
    """Digests of what the files have in them now whose text is another, by operation. Facts are gathered."""
    found: dict[str, str] = {}
    with ctx_host.use(host):
        for each in operations:
            if isinstance(each, File) and not same_text(each.path, each.text):
                found[each.id] = host.get_fact(Sha1File, path=each.path) or ""
    return found


def probe(wanted: Run) -> str:
    """A command that says whether a command is not needed."""
    return f"sh -c {quote(wanted.unless)} >/dev/null 2>&1 && echo yes || echo no"


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
