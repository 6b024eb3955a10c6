"""What each typed operation is in pyinfra, whether it would change a host, and what is said of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_host
from pyinfra.facts.files import File as FileFact
from pyinfra.facts.files import FileContents, Sha1File
from pyinfra.facts.server import Command
from pyinfra.operations import files, server

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
from infra_ctl.hosts.composed import (
    absent_packages,
    account,
    has_text,
    nothing_there,
    packages,
    same_text,
    unit,
    verbs,
    whole_file,
)
from infra_ctl.hosts.difference import diff, hidden, is_private
from infra_ctl.hosts.facts import probe
from infra_ctl.hosts.session import LinuxHost

UNITS = "/etc/systemd/system/"

WORDS = 72
"""Characters of a command that is told."""


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
    starts = isinstance(wanted, Service) and not {"start", "restart"}.isdisjoint(verbs(commands))
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
    return bool(wanted.unless) and host.get_fact(Command, command=probe(wanted)) != "yes"


def _says(wanted: Operation, commands: Sequence[Any]) -> str:
    if isinstance(wanted, File):
        is_written = not has_text(wanted.path, wanted.text)
        return wanted.path if is_written else f"{wanted.path} is {_ownership(wanted)}"
    if isinstance(wanted, Service):
        return f"{' and '.join(verbs(commands)) or 'read anew'} {wanted.unit}"
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


def _diff(host: LinuxHost, wanted: Operation) -> str:
    if not isinstance(wanted, File) or same_text(wanted.path, wanted.text):
        return ""
    is_there = host.get_fact(Sha1File, path=wanted.path)
    before = host.get_fact(FileContents, path=wanted.path) if is_there else []
    lines = diff(before or [], wanted.text.splitlines())
    return hidden(lines) if is_private(wanted.mode) or (is_there and _is_private_now(host, wanted)) else lines


def _is_private_now(host: LinuxHost, wanted: File) -> bool:
    """A link's mode says nothing of what it leads to."""
    present = host.get_fact(FileFact, path=wanted.path)
    return not present or is_private(present["mode"])
