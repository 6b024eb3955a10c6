"""The sections of a document: a line, and what is indented deeper right after it.

FRR's configuration and what `nft list ruleset` prints are both laid out so; a closing brace or `!` ends
nothing that the indent would not end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from infra_ctl.controls.exhibit import Document, Line


def lines(document: Document) -> tuple[Line, ...]:
    """Every line that says something, without its indent."""
    return tuple(line for line, _ in document.layout)


def under(document: Document, header: re.Pattern[str]) -> Iterator[tuple[Line, tuple[Line, ...]]]:
    """Each section whose first line matches, with the lines in it, sections within sections too."""
    for place, (line, depth) in enumerate(document.layout):
        if header.search(line.text):
            yield line, _deeper(document, place + 1, depth)


def _deeper(document: Document, start: int, depth: int) -> tuple[Line, ...]:
    after = document.layout[start:]
    return tuple(line for line, _ in takewhile(lambda each: each[1] > depth, after))
