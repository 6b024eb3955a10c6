"""The sections of a document: a line, and what is indented deeper right after it.

FRR's configuration and what `nft list ruleset` prints are both laid out so; a closing brace or `!` ends
nothing that the indent would not end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_ctl.controls.exhibit import Document, Line


def lines(document: Document) -> tuple[Line, ...]:
    """Every line that says something, without its indent."""
    return tuple(line for line, _ in _indented(document))


def under(document: Document, header: re.Pattern[str]) -> Iterator[tuple[Line, tuple[Line, ...]]]:
    """Each section whose first line matches, with the lines in it, sections within sections too."""
    everything = _indented(document)
    for place, (line, depth) in enumerate(everything):
        if header.search(line.text):
            yield line, _deeper(everything[place + 1 :], depth)


def _deeper(after: tuple[tuple[Line, int], ...], depth: int) -> tuple[Line, ...]:
    inside = []
    for line, indent in after:
        if indent <= depth:
            break
        inside.append(line)
    return tuple(inside)


def _indented(document: Document) -> tuple[tuple[Line, int], ...]:
    return tuple(
        (Line(document.name, number, text.strip()), len(text) - len(text.lstrip()))
        for number, text in enumerate(document.lines, 1)
        if text.strip() and text.strip() not in ("!", "}")
    )
