"""What is done to a Linux host, as data: an ordered list of typed operations, which the worker gives pyinfra.

An operation says what is to be there, not what to do about it: on a host that has it, it does nothing. Its
`id` is unique on its host and begins with the role that asks for it: `firewall/rules`. Texts hold `vault:`
references until the worker needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Operation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    guarded: bool = False
    """Whether it can lock us out: it is done under a dead-man timer, together with all others that are."""


class Packages(_Operation):
    """Debian packages that are installed."""

    kind: Literal["packages"] = "packages"
    names: tuple[str, ...]


class File(_Operation):
    """A file with all of its text; `validate_by` is a command that judges it first, `{}` being its path."""

    kind: Literal["file"] = "file"
    path: str
    text: str
    mode: str = "644"
    owner: str = "root"
    group: str = "root"
    validate_by: str = ""


class Folder(_Operation):
    """A folder and who owns it."""

    kind: Literal["folder"] = "folder"
    path: str
    mode: str = "755"
    owner: str = "root"
    group: str = "root"


class Absent(_Operation):
    """A file or folder that is not there."""

    kind: Literal["absent"] = "absent"
    path: str


class User(_Operation):
    """An account; `keys` are all the public keys that may log in as it."""

    kind: Literal["user"] = "user"
    name: str
    system: bool = False
    groups: tuple[str, ...] = ()
    shell: str = "/usr/sbin/nologin"
    home: str = ""
    keys: tuple[str, ...] = ()


class Service(_Operation):
    """A systemd unit; a change of an operation in `reload_after` or `restart_after` makes it read that.

    `test` is a command that must succeed before it is reloaded or restarted, so that what runs stays up.
    """

    kind: Literal["service"] = "service"
    unit: str
    running: bool = True
    enabled: bool = True
    reload_after: tuple[str, ...] = ()
    restart_after: tuple[str, ...] = ()
    test: str = ""


class Run(_Operation):
    """A command that is run where `unless` fails (empty: never by itself), or after a change of `after`.

    For what no other kind of operation says; both are given to `sh -c`.
    """

    kind: Literal["run"] = "run"
    command: str
    unless: str = ""
    after: tuple[str, ...] = ()
    undoes: bool = False
    """Whether it takes away what it did, where files that it answers to are not there any more."""


Operation: TypeAlias = Annotated[
    Packages | File | Folder | Absent | User | Service | Run, Field(discriminator="kind")
]

OPERATIONS: TypeAdapter[tuple[Operation, ...]] = TypeAdapter(tuple[Operation, ...])
"""To and from JSON."""


class Predicted(BaseModel):
    """What an operation would do, or did: `diff` is masked, lines that start with `+`, `-` or a blank."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    says: str
    """In words: `/etc/nftables.conf`, `reload nginx`, `install nginx-light`."""
    diff: str = ""
    creates: bool = False
    """Whether it writes a file where there was none."""


def triggers(operation: Operation) -> tuple[str, ...]:
    """Ids of the operations whose change this one answers to."""
    if isinstance(operation, Service):
        return (*operation.reload_after, *operation.restart_after)
    return operation.after if isinstance(operation, Run) else ()


def refuse_broken(operations: Iterable[Operation]) -> None:
    """Raises ValueError where two have one id, or one answers to what does not come before it: a defect."""
    seen: set[str] = set()
    for operation in operations:
        if operation.id in seen:
            raise ValueError(f"two operations are called {operation.id}")
        if missing := [each for each in triggers(operation) if each not in seen]:
            raise ValueError(f"{operation.id} answers to {missing[0]}, which does not come before it")
        seen.add(operation.id)


def resolved(operations: Iterable[Operation], resolve: Callable[[str], str]) -> tuple[Operation, ...]:
    """Operations with every text of theirs as `resolve` has it."""
    return OPERATIONS.validate_python([_resolved(each.model_dump(), resolve) for each in operations])


def _resolved(value: Any, resolve: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return resolve(value)
    if isinstance(value, dict):
        return {key: _resolved(each, resolve) for key, each in value.items()}
    return [_resolved(each, resolve) for each in value] if isinstance(value, list | tuple) else value


def written(operations: tuple[Operation, ...]) -> str:
    """Operations as JSON, the same text for the same operations."""
    return OPERATIONS.dump_json(operations).decode()


def read(text: str) -> tuple[Operation, ...]:
    """Operations that were written."""
    return OPERATIONS.validate_json(text)


def way_back(
    old: Iterable[Operation], new: Iterable[Operation], did: Iterable[Predicted]
) -> tuple[Operation, ...]:
    """What brings a host that is as `new` back to `old`; `did` is what `new` was to do to it.

    First goes what only `new` has: files that it created, what came of them, and what it did to units. What
    was there before stays, and so do packages, accounts and folders that it brought, with their data.
    """
    old, new, said = tuple(old), tuple(new), {each.id: each for each in did}
    brought = _brought(old, new)
    created = [each for each in brought if isinstance(each, File) and each.id in said]
    gone = [
        Absent(id=each.id, path=each.path, guarded=each.guarded) for each in created if said[each.id].creates
    ]
    lost = {each.id for each in gone}
    units = [_as_it_was(each, said.get(each.id), lost) for each in brought if isinstance(each, Service)]
    stopped, running = ([each for each in units if each.running is up] for up in (False, True))
    answered = {each.id: each for each in new if isinstance(each, Service)}
    again = (_again(each, lost) for each in brought if isinstance(each, Run) and each.undoes)
    undone = tuple(each for each in again if each.after)
    return (
        *stopped,
        *gone,
        *undone,
        *running,
        *(_answering(each, answered.get(each.id), lost) for each in old),
    )


def _again(command: Run, lost: Collection[str]) -> Run:
    """What takes away what it did, once what it answered to is gone."""
    after = tuple(each for each in command.after if each in lost)
    return command.model_copy(update={"unless": "", "after": after})


def overwritten(
    old: Iterable[Operation], new: Iterable[Operation], did: Iterable[Predicted]
) -> tuple[str, ...]:
    """Paths of what was on a host, by no operation of `old`, and is not any more as `new` did this to it."""
    said = {each.id: each for each in did}
    touched = (each for each in _brought(tuple(old), tuple(new)) if each.id in said)
    return tuple(
        each.path for each in touched if isinstance(each, File | Absent) and not said[each.id].creates
    )


def _brought(old: Collection[Operation], new: Iterable[Operation]) -> list[Operation]:
    """Operations about what `old` knows nothing of."""
    known, things = {each.id for each in old}, {_thing(each) for each in old}
    return [each for each in new if each.id not in known and _thing(each) not in things]


def _as_it_was(unit: Service, did: Predicted | None, lost: Collection[str]) -> Service:
    """A unit as it was before this was done to it; one that still runs notices what is gone."""
    verbs = did.says.split()[:-1] if did else []
    running = "stop" in verbs or (unit.running and "start" not in verbs)
    enabled = "disable" in verbs or (unit.enabled and "enable" not in verbs)
    update = {
        "running": running,
        "enabled": enabled,
        "reload_after": tuple(each for each in unit.reload_after if running and each in lost),
        "restart_after": tuple(each for each in unit.restart_after if running and each in lost),
    }
    return unit.model_copy(update=update)


def _thing(operation: Operation) -> str:
    """The file or unit that it is about; itself where it is about neither."""
    return getattr(operation, "path", "") or getattr(operation, "unit", "") or operation.id


def _answering(operation: Operation, new: Service | None, lost: Collection[str]) -> Operation:
    """A service that read what is gone has to notice that it is."""
    if new is None or not isinstance(operation, Service):
        return operation
    more = {
        "reload_after": (*operation.reload_after, *(each for each in new.reload_after if each in lost)),
        "restart_after": (*operation.restart_after, *(each for each in new.restart_after if each in lost)),
    }
    return operation.model_copy(update=more)
