"""What the kernel holds and no daemon reads: nftables' rules and scripts, loaded at once and again at boot.

It works where systemd is, and in the lab's routers, which have none: their init loads the same files.
"""

from __future__ import annotations

from collections.abc import Iterable

from infra_ctl.change.operations import File, Operation, Run
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.part import HostPart
from infra_ctl.render import host_text

UNITS = "/etc/systemd/system/"
_SYSTEMD = "[ -d /run/systemd/system ]"


def table(name: str, text: str, *, guarded: bool, end: str = "true") -> tuple[Operation, ...]:
    """An nftables table of its own, replaced in one transaction that leaves others alone.

    Where it was not there before, taking it back takes the table away again; `end` is a command that first
    ends what it shields.
    """
    path = rules_of(name)
    return (
        File(id=f"{name}/rules", path=path, text=text, validate_by="nft -c -f {}", guarded=guarded),
        Run(
            id=f"{name}/load",
            command=f"nft -f {path} || {{ [ ! -e {path} ] && {end} && {without(name)}; }}",
            unless=f"nft list table inet {name}",
            after=(f"{name}/rules",),
            undoes=True,
            guarded=guarded,
        ),
    )


def without(name: str) -> str:
    """What takes a table away, where it is there."""
    return f'nft "table inet {name}; delete table inet {name}"'


def rules_of(name: str) -> str:
    """Where a table's rules are."""
    return f"{FOLDER}/{name}.nft"


def script_of(name: str) -> str:
    """Where a script is."""
    return f"{FOLDER}/{name}"


def script(name: str, text: str, undo: str) -> tuple[Operation, ...]:
    """A script that brings the kernel to what stands in it, rehearsed before it takes another's place.

    It is on trial: a router may be reached by what it changes. `undo` is for where there was none before.
    """
    path = script_of(name)
    return (
        File(
            id=f"{name}/script",
            path=path,
            text=text,
            mode="755",
            validate_by="/bin/sh {} rehearse",
            guarded=True,
        ),
        Run(
            id=f"{name}/load",
            command=f"/bin/sh {path} load || {{ [ ! -e {path} ] && {undo}; }}",
            unless=f"/bin/sh {path} check",
            after=(f"{name}/script",),
            undoes=True,
            guarded=True,
        ),
    )


def unit(name: str, template: str, part: HostPart, **more: str) -> File:
    """What loads it at boot; `boot` turns all of a router's on."""
    text = host_text(template, part, None, **more)
    judged = f"{{ {by_systemd('systemd-analyze verify {}')}; }}"
    return File(id=f"{name}/unit", path=f"{UNITS}infra-ctl-{name}.service", text=text, validate_by=judged)


def by_systemd(command: str) -> str:
    """A command for where systemd is; elsewhere nothing, and that is well."""
    return f"! {_SYSTEMD} || {{ {command}; }}"


def enabled(units: Iterable[str]) -> str:
    """Whether every one of them is turned on; of several, systemd is content with one."""
    return f"for each in {' '.join(units)}; do systemctl --quiet is-enabled $each || exit 1; done"


def boot(units: tuple[File, ...]) -> Run:
    """Every unit is known to systemd and turned on, where there is one."""
    names = tuple(each.path.removeprefix(UNITS) for each in units)
    return Run(
        id="boot/units",
        command=by_systemd(f"systemctl daemon-reload && systemctl enable --quiet {' '.join(names)}"),
        unless=by_systemd(enabled(names)),
        after=tuple(each.id for each in units),
    )
