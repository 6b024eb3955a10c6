"""What the little language of controls cannot say: functions by name, ours and those of installed packages.

A file of an inventory names one, `holds: {code: prefix-limits}`, and never has any. A package of the city's
own gives more by entry points of the group `infra_ctl.controls`: a name, and the `Code` that it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points

from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.prefix_limits import prefix_limits
from infra_ctl.controls.ruling import Predicate
from infra_ctl.errors import UnusableError

GROUP = "infra_ctl.controls"
"""Of entry points."""


@dataclass(frozen=True, slots=True)
class Code:
    """A predicate that is written in Python: pure, of an exhibit and of what is asked."""

    name: str
    of: tuple[Kind, ...]
    evidence: frozenset[str]
    """Documents and facts that it reads; where one of them is not there, it is not asked."""
    says: str
    """What it holds for."""
    why: str
    """Why no term says it."""
    judge: Predicate = field(repr=False)


OURS: Mapping[str, Code] = {
    code.name: code
    for code in (
        Code(
            name="prefix-limits",
            of=("device",),
            evidence=frozenset({"frr"}),
            says="every BGP neighbour has a limit of prefixes in each family that is spoken to it",
            why="a neighbour, its group and its limit are lines of several sections, which no term joins",
            judge=prefix_limits,
        ),
    )
}
"""By name."""


def code(name: str) -> Code | None:
    """Ours, or a package's; who asks for ours alone need not wait until all packages were looked through."""
    return OURS.get(name) or installed().get(name)


@cache
def installed() -> Mapping[str, Code]:
    """What packages give. Raises UnusableError for what cannot be loaded, is none, or has a name of ours."""
    found: dict[str, Code] = {}
    for point in sorted(entry_points(group=GROUP)):
        said = f"code {point.name!r} of controls, {point.value},"
        try:
            loaded = point.load()
        except Exception as error:  # of another package, which may do anything as it is imported
            raise UnusableError(f"{said} cannot be loaded: {error}") from error
        if not isinstance(loaded, Code) or loaded.name != point.name:
            raise UnusableError(f"{said} is no Code of that name")
        if point.name in OURS or point.name in found:
            raise UnusableError(f"{said} is there already")
        found[point.name] = loaded
    return found
