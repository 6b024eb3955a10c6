"""What the SSH server says of itself, a word and what it is set to a line: `sshd -T`."""

from __future__ import annotations

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
