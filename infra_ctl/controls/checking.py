"""What can be wrong with a control beyond its shape.

Terms that mix, expressions that cannot be read, facts that nobody collects, values that a fact never has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from infra_ctl.controls.catalogue import DOCUMENTS, FACTS, Known
from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.model import Control, Term
from infra_ctl.controls.values import COUNTED, EQUAL, LEVEL, MATCHING, NUMERIC, ORDERED, literal
from infra_ctl.errors import SelectorError
from infra_ctl.inventory.hints import did_you_mean

Path: TypeAlias = tuple[str | int, ...]
Wrong: TypeAlias = Iterator[tuple[Path, str]]
"""Where in a control, and why."""

_KINDS = ("all", "any", "not", "lines", "fact")
_LINES = ("require", "forbid", "last")
_COMPARISONS = (*EQUAL, *ORDERED, *MATCHING, *COUNTED)
_BESIDE = {"lines": ("under", *_LINES), "fact": ("some", *_COMPARISONS)}
"""What may stand beside the key that says what a term is."""


def wrong(control: Control) -> Wrong:
    """All that is wrong with a control that is well formed."""
    if control.where is not None:
        yield from _selector(control)
    for name in ("when", "holds"):
        term: Term | None = getattr(control, name)
        if term is not None:
            yield from _term(term, control, (name,))


def _selector(control: Control) -> Wrong:
    from infra_ctl.inventory.selectors import parse

    if control.of not in ("device", "host"):
        yield ("where",), f"only devices and hosts can be selected, not what is a {control.of}"
        return
    try:
        parse(control.where or "", control.of)
    except SelectorError as error:
        yield ("where",), str(error)


def _term(term: Term, control: Control, path: Path) -> Wrong:
    said = _said(term)
    kinds = [key for key in _KINDS if key in said]
    if len(kinds) != 1:
        more = f", not {' and '.join(kinds)}" if kinds else ""
        yield path, f"a term has one of {', '.join(_KINDS)}{more}"
        return
    kind = kinds[0]
    for key in sorted(said.keys() - {kind, "says", *_BESIDE.get(kind, ())}):
        yield (*path, key), f"{key} has no place beside {kind}"
    yield from _INSIDE[kind](said, control, (*path, kind))


def _several(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    for number, each in enumerate(said[str(path[-1])]):
        yield from _term(each, control, (*path, number))


def _one(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    yield from _term(said["not"], control, path)


def _lines(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    yield from _known("document", said["lines"], DOCUMENTS.get(said["lines"]), control.of, path)
    if not said.keys() & set(_LINES):
        yield path, f"says nothing of the lines: it needs one of {', '.join(_LINES)}"
    for key in sorted(said.keys() & {"under", *_LINES}):
        yield from _expression(said[key], (*path[:-1], key))


def _fact(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    name, known = said["fact"], FACTS.get(said["fact"])
    yield from _known("fact", name, known, control.of, path)
    given = [key for key in _COMPARISONS if key in said]
    if len(given) != 1:
        yield path, f"a fact is compared once: by one of {', '.join(_COMPARISONS)}"
    elif known is not None:
        yield from _comparison(given[0], said[given[0]], known, control, (*path[:-1], given[0]))


def _comparison(key: str, value: Any, known: Known, control: Control, path: Path) -> Wrong:
    if key in MATCHING:
        yield from _expression(value, path)
        return
    if key in ORDERED and known.shape not in NUMERIC:
        yield path, f"a {known.shape} has no order: use {' or '.join(EQUAL)}"
        return
    shape = "number" if key in COUNTED else known.shape
    for text in value if isinstance(value, tuple) else (value,):
        for each in control.levels.values() if text == LEVEL else (text,):
            try:
                literal(each, shape)
            except ValueError as error:
                yield path, f"{error}{' (a threshold in levels)' if text == LEVEL else ''}"


def _known(what: str, name: str, known: Known | None, of: Kind, path: Path) -> Wrong:
    if known is None:
        there = DOCUMENTS if what == "document" else FACTS
        yield path, f"there is no {what} '{name}'{did_you_mean(name, there)}"
    elif of not in known.of:
        yield path, f"no {of} has the {what} '{name}': {', '.join(known.of)} do"


def _expression(text: str, path: Path) -> Wrong:
    try:
        re.compile(text)
    except re.error as error:
        yield path, f"is no regular expression: {error}"


def _said(term: Term) -> dict[str, Any]:
    """What is written in a term, by its keys as they are written."""
    written = {"is_": "is", "not_": "not"}
    return {written.get(key, key): getattr(term, key) for key in term.model_fields_set}


_INSIDE = {"all": _several, "any": _several, "not": _one, "lines": _lines, "fact": _fact}
