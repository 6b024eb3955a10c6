"""Which playbooks there are, and what each says of itself at its top."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import UnknownError
from infra_ctl.inventory.hints import did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]
READS_ONLY = "It changes nothing on any machine."
"""What a playbook says at its top that nobody has to be asked for."""
_NEEDS = re.compile(r"^Needs (.+)\.$", re.MULTILINE)
"""How it says what has to be given to it: `Needs target=…, reason=….`"""


@dataclass(frozen=True, slots=True)
class Playbook:
    """A procedure: `about` is the first paragraph of the comment at its top, `usage` the rest of it."""

    name: str
    path: Path
    about: str
    usage: str

    @property
    def reads_only(self) -> bool:
        return READS_ONLY in self.usage

    @property
    def needs(self) -> tuple[str, ...]:
        """Variables that have to be given, as its top says."""
        found = _NEEDS.search(self.usage)
        return tuple(re.findall(r"(\w+)=", found[1])) if found else ()

    def missing(self, variables: Mapping[str, str]) -> tuple[str, ...]:
        """Of what it needs that which is not given, or given without a value."""
        return tuple(name for name in self.needs if not variables.get(name))


def shipped() -> Path:
    """The folder of ours: inside the package where it is installed, beside it in a checkout."""
    packaged = _PACKAGE / "playbooks"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "playbooks"


def playbooks(folders: Sequence[Path]) -> tuple[Playbook, ...]:
    """All of these folders by name, sorted; of two with one name that of the earlier folder."""
    found: dict[str, Playbook] = {}
    for folder in folders:
        for path in folder.glob("*.yml"):
            found.setdefault(path.stem, _read(path))
    return tuple(found[name] for name in sorted(found))


def find(name: str, folders: Sequence[Path]) -> Playbook:
    """The playbook called `name`. Raises UnknownError."""
    known = {playbook.name: playbook for playbook in playbooks(folders)}
    if name in known:
        return known[name]
    raise UnknownError(f"there is no procedure '{name}'{did_you_mean(name, known)}: infra-ctl procedure list")


def _read(path: Path) -> Playbook:
    about, _, usage = "\n".join(_comment(path)).partition("\n\n")
    return Playbook(path.stem, path.resolve(), " ".join(about.split()), usage)


def _comment(path: Path) -> Iterator[str]:
    """The lines of the comment at its top, after the `---`."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("#"):
            yield line[1:].removeprefix(" ")
        elif line != "---":
            return
