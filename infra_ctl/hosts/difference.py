"""How the text of a file differs from the one that is there, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

NEAR = 3
"""Lines of a diff that are shown around what differs."""


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
