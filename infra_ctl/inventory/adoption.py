"""Writing into unmanaged.yaml what an engineer decided of lines that intent does not know. Comments stay."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Literal


def declare(
    path: Path, part: Literal["unmanaged", "claimed"], device: str, lines: Iterable[str], reason: str
) -> None:
    """Add `lines` of a device to a part of unmanaged.yaml, in one move; a line stands there once.

    Where a line stood in the other part, it leaves it.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 110
    content = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
    content = content if content is not None else {}
    wanted = set(lines)
    for name in ("unmanaged", "claimed"):
        kept = [entry for entry in content.get(name) or [] if not _is(entry, device, wanted)]
        new = [{"device": device, "line": line, "reason": reason} for line in sorted(wanted)]
        content[name] = kept + new if name == part else kept
    text = io.StringIO()
    yaml.dump(content, text)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text.getvalue(), encoding="utf-8")
    fresh.replace(path)


def _is(entry: dict[str, str], device: str, lines: set[str]) -> bool:
    return entry["device"] == device and entry["line"] in lines
