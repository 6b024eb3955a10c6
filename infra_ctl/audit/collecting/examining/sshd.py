"""What the SSH server says of itself, a word and its value a line: `sshd -T`; and what is under Match."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Seen
from infra_ctl.controls.exhibit import Line


def said(seen: Seen, key: str) -> Line:
    """Its first word on something. Raises UnansweredError."""
    if seen.is_absent("sshd"):
        raise UnansweredError("sshd: not installed")
    found = next((line for line in seen.lines("sshd") if line.text.startswith(f"{key} ")), None)
    if found is None:
        raise UnansweredError(f"sshd: it does not say its {key}")
    return found


def value(seen: Seen, key: str) -> str:
    """What it says there."""
    return said(seen, key).text.partition(" ")[2]


def excepted(seen: Seen, key: str) -> Iterator[tuple[str, Line]]:
    """What it is set to for some who come, wherever that is under Match. Raises UnansweredError.

    Where its files were not asked for they are yet to be, and are ours, which have no such thing.
    """
    if "sshd files" not in seen.answers:
        return
    inside = ""
    for line in seen.lines("sshd files"):
        words = re.split(r"\s*=\s*|\s+", line.text.strip().lower(), maxsplit=1)
        if words[0] == "match":
            inside = line.document
        elif words[0] == key and inside == line.document:
            yield words[-1].strip('"'), line
