"""The sections of a document: a line, and what is indented deeper right after it.

FRR's configuration and what `nft list ruleset` prints are both laid out so; a closing brace or `!` ends
nothing that the indent would not end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from infra_ctl.controls.exhibit import Document, Line


def under(document: Document, header: re.Pattern[str]) -> Iterator[tuple[Line, tuple[Line, ...]]]:
    """Each section whose first line matches, with the lines in it, sections within sections too."""
    for place, line in enumerate(document.said):
        if header.search(line.text):
            yield line, _deeper(document, place)


def _deeper(document: Document, place: int) -> tuple[Line, ...]:
    depth, after = document.depths[place], document.depths[place + 1 :]
    inside = sum(1 for _ in takewhile(lambda each: each > depth, after))
    return document.said[place + 1 : place + 1 + inside]
