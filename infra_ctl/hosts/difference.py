"""How the text of a file differs from the one that is there, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

NEAR = 3
"""Lines of a diff that are shown around what differs."""


def is_private(mode: int | str) -> bool:
    """Whether a file of this mode, written as in octal, is none of everybody's business."""
    return str(mode).endswith("0")


def hidden(diff: str) -> str:
    """Of a diff only how long it is: what goes may be a secret that the vault knows no more, so no mask."""
    differing = sum(line.startswith(("- ", "+ ")) for line in diff.splitlines())
    if not differing:
        return diff
    said = "line of a private file differs" if differing == 1 else "lines of a private file differ"
    return f"  {differing} {said}"


def diff(before: Sequence[str], after: Sequence[str]) -> str:
    """Lines that go (`-`), come (`+`) and stand around them (a blank); ` …` where others are left out."""
    shown: list[str] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(NEAR):
        shown += ["  …"] if shown else []
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                shown += [f"  {line}" for line in before[old:old_end]]
                continue
            shown += [f"- {line}" for line in before[old:old_end]]
            shown += [f"+ {line}" for line in after[new:new_end]]
    return "\n".join(shown)
