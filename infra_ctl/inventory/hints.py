"""Half-sentences that help after a wrong name."""

from __future__ import annotations

from collections.abc import Collection

KNOWN_AT_MOST = 16
"""So many names are listed in full; more would bury the message."""


def did_you_mean(name: str, known: Collection[str]) -> str:
    """` (did you mean 'x'?)`, else ` (known: …)` where that is short, else nothing."""
    from difflib import get_close_matches

    # Comparing is slow and a hint is a courtesy: of a very large city only a part is looked at.
    if close := get_close_matches(name[:60], list(known)[:20_000], n=1):
        return f" (did you mean {close[0]!r}?)"
    if 0 < len(known) <= KNOWN_AT_MOST:
        return f" (known: {', '.join(sorted(known))})"
    return ""
