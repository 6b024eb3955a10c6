"""The sections of a document: a line, and what is indented deeper right after it.

FRR's configuration and what `nft list ruleset` prints are both laid out so; a closing brace or `!` ends
nothing that the indent would not end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infra_ctl.controls.exhibit import Document, Line


def under(document: Document, header: re.Pattern[str]) -> Iterator[tuple[Line, tuple[Line, ...]]]:
    """Each section whose first line matches, with the lines in it, sections within sections too."""
    said, depths, matches = document.said, document.depths, header.search
    for place, line in enumerate(said):
        if matches(line.text):
            yield line, said[place + 1 : _end(depths, place)]


def _end(depths: Sequence[int], place: int) -> int:
    """Where the first line stands again that is no deeper."""
    depth, end = depths[place], place + 1
    while end < len(depths) and depths[end] > depth:
        end += 1
    return end
