"""Writing into unmanaged.yaml what an engineer decided of lines that intent does not know. Comments stay."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from infra_ctl.inventory.rewriting import rewritten


def declare(
    path: Path, part: Literal["unmanaged", "claimed"], device: str, lines: Iterable[str], reason: str
) -> None:
    """Add `lines` of a device to a part of unmanaged.yaml, in one move; a line stands there once.

    Where a line stood in the other part, it leaves it.
    """
    wanted = set(lines)
    with rewritten(path) as file:
        for name in ("unmanaged", "claimed"):
            kept = [entry for entry in file.content.get(name) or [] if not _is(entry, device, wanted)]
            new = [{"device": device, "line": line, "reason": reason} for line in sorted(wanted)]
            file.content[name] = kept + new if name == part else kept


def _is(entry: dict[str, str], device: str, lines: set[str]) -> bool:
    return entry["device"] == device and entry["line"] in lines
