"""What devices and hosts have now, as it is kept: in an order of its own, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from infra_ctl.backup.records import Files, Part
from infra_ctl.change import normal
from infra_ctl.change.operations import File, Operation
from infra_ctl.change.undo import written
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError
from infra_ctl.hosts.meant import Kept
from infra_ctl.masking import Masking
from infra_ctl.plan import settled
from infra_ctl.predicting import Foresight
from infra_ctl.secrets import keyed_hash

Collected: TypeAlias = Mapping[Part, Files | DeviceError]


def of_devices(
    fleet: Fleet, masking: Masking, hostnames: Iterable[str], on_done: Callable[[str], None]
) -> Collected:
    """Every device's configuration. One that runs something only for now has a BusyError in its place."""

    def one(hostname: str) -> Files:
        with fleet.open(hostname) as device:
            running = settled(hostname, device)
        return device_files(Part(hostname, "device"), masking.mask(running))

    said = fleet.each(hostnames, one, on_done)
    return {Part(hostname, "device"): each for hostname, each in said.items()}


def device_files(part: Part, masked: str) -> Files:
    """A configuration in normal form, as a text that the device accepts: to read and to restore."""
    text = written(normal.parse(masked), masked)
    return {part.place: text.replace("\nexit\n", "\nexit\n!\n").lstrip("\n")}


def of_hosts(foresight: Foresight, names: Collection[str], on_done: Callable[[str], None]) -> Collected:
    """Every host's managed files, with lines that may be secrets: see `hidden`."""
    files = {name: managed(foresight.meant[name].operations(Kept())) for name in names}
    works = [foresight.fleet.work(name, map(_asked, each), str) for name, each in files.items()]
    wanted = sorted({each.id for of_host in files.values() for each in of_host})
    said = foresight.fleet.driver.predict(works, wanted, on_done) if works else {}
    found: dict[Part, Files | DeviceError] = {}
    for name in names:
        part, answer = Part(name, "host"), said[name]
        found[part] = (
            answer
            if isinstance(answer, DeviceError)
            else host_files(part, files[name], answer.texts, foresight.masking)
        )
    return found


def _asked(file: File) -> File:
    """Only what is in it matters, not what should be: no secret has to leave for that."""
    return file.model_copy(update={"text": "", "validate_by": ""})


def managed(operations: Iterable[Operation]) -> tuple[File, ...]:
    """Files that are ours on a host."""
    return tuple(each for each in operations if isinstance(each, File))


def host_files(part: Part, files: Iterable[File], texts: Mapping[str, str], masking: Masking) -> Files:
    """The files of a host by what each has in it, by its operation's id."""
    return {path(part, file): masking.mask(texts[file.id]) for file in files if file.id in texts}


def path(part: Part, file: File) -> str:
    """Where a file of a host is kept."""
    return f"{part.place}{file.path}"


def intended(part: Part, operations: Iterable[Operation], masking: Masking) -> Files:
    """The files of a host by what should be in each."""
    return {path(part, file): masking.mask(file.text) for file in managed(operations)}


def hidden(files: Files, known: Collection[Files], masking: Masking) -> Files:
    """Files with keyed hashes for lines that stand in none of `known`: any of them may be a secret."""
    return {
        place: _hidden(text, {line for each in known for line in each.get(place, "").splitlines()}, masking)
        for place, text in files.items()
    }


def _hidden(text: str, known: Collection[str], masking: Masking) -> str:
    lines = ((line, line.splitlines()[0]) for line in text.splitlines(keepends=True))
    return "".join(
        line if bare in known or not bare.strip() else _hashed(bare, masking) + line[len(bare) :]
        for line, bare in lines
    )


def _hashed(line: str, masking: Masking) -> str:
    return f"<secret:{keyed_hash(line, masking.key)[:8]}>"
