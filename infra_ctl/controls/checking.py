"""What can be wrong with a control beyond its shape.

Terms that mix, expressions that cannot be read, facts that nobody collects, values that a fact never has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from infra_ctl.controls.catalogue import DOCUMENTS, FACTS, Known, Shape
from infra_ctl.controls.code import OURS, code, installed
from infra_ctl.controls.model import Control, Of, Term
from infra_ctl.controls.values import COUNTED, EQUAL, LEVEL, MATCHING, NUMERIC, ORDERED, literal
from infra_ctl.errors import SelectorError
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.selectors import Kind as Selectable
from infra_ctl.inventory.selectors import parse

Path: TypeAlias = tuple[str | int, ...]
Wrong: TypeAlias = Iterator[tuple[Path, str]]
"""Where in a control, and why."""

SELECTABLE: Mapping[Of, Selectable] = {"device": "device", "host": "host", "machine": "both"}
"""Whom a selector can mean, and which of its vocabularies is theirs."""

_KINDS = ("all", "any", "not", "lines", "fact", "code")
_LINES = ("require", "forbid", "last")
_COMPARISONS = (*EQUAL, *ORDERED, *MATCHING, *COUNTED)
_ANYWHERE = ("from", "says")
_BESIDE = {"lines": ("under", *_LINES), "fact": ("some", *_COMPARISONS)}
"""What may stand beside the key that says what a term is, with what may anywhere."""


def wrong(control: Control) -> Wrong:
    """All that is wrong with a control that is well formed."""
    if not control.levels:
        yield ("levels",), "asks nothing at any level"
    if control.where is not None:
        yield from _selector(control.of, control.where)
    for name in ("when", "holds"):
        term: Term | None = getattr(control, name)
        if term is None:
            continue
        if term.from_ is not None:
            yield (name, "from"), "only a term of an `all` may be asked from a level on"
        yield from _term(term, control, (name,))


def _selector(of: Of, text: str) -> Wrong:
    if of not in SELECTABLE:
        yield ("where",), f"only devices, hosts and machines can be selected: no selector means a {of}"
        return
    try:
        parse(text, SELECTABLE[of])
    except SelectorError as error:
        yield ("where",), str(error)


def _term(term: Term, control: Control, path: Path) -> Wrong:
    said = _said(term)
    if empty := [key for key, value in said.items() if value is None]:
        yield from (((*path, key), "is empty") for key in empty)
        return
    kinds = [key for key in _KINDS if key in said]
    if len(kinds) != 1:
        more = f", not {' and '.join(kinds)}" if kinds else ""
        yield path, f"a term has one of {', '.join(_KINDS)}{more}"
        return
    kind = kinds[0]
    for key in sorted(said.keys() - {kind, *_ANYWHERE, *_BESIDE.get(kind, ())}):
        yield (*path, key), f"{key} has no place beside {kind}"
    yield from _INSIDE[kind](said, control, (*path, kind))


def _all(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    yield from _several(said["all"], control, path)
    starts = [each.from_ or 1 for each in said["all"]]
    for level in sorted(control.levels):
        if min(starts, default=1) > level:
            yield path, f"nothing of this is asked at level {level}, at which the control is"
            return


def _any(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    yield from _several(said["any"], control, path)
    for number, each in enumerate(said["any"]):
        if each.from_ is not None:
            yield (*path, number, "from"), "only a term of an `all` may be asked from a level on"


def _several(terms: tuple[Term, ...], control: Control, path: Path) -> Wrong:
    if not terms:
        yield path, "has no terms"
    for number, each in enumerate(terms):
        yield from _term(each, control, (*path, number))


def _not(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    if said["not"].from_ is not None:
        yield (*path, "from"), "only a term of an `all` may be asked from a level on"
    yield from _term(said["not"], control, path)


def _lines(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    yield from _known("document", said["lines"], DOCUMENTS.get(said["lines"]), control, path)
    if not said.keys() & set(_LINES):
        yield path, f"says nothing of the lines: it needs one of {', '.join(_LINES)}"
    for key in sorted(said.keys() & {"under", *_LINES}):
        yield from _expression(said[key], (*path[:-1], key))


def _fact(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    name, known = said["fact"], FACTS.get(said["fact"])
    yield from _known("fact", name, known, control, path)
    given = [key for key in _COMPARISONS if key in said]
    if len(given) != 1:
        yield path, f"a fact is compared once: by one of {', '.join(_COMPARISONS)}"
    elif known is not None:
        if "some" in said and (not known.many or given[0] in COUNTED):
            yield (*path[:-1], "some"), "some is for values of a fact of many, compared one by one"
        yield from _comparison(given[0], said[given[0]], known, control, (*path[:-1], given[0]))


def _code(said: dict[str, Any], control: Control, path: Path) -> Wrong:
    name = said["code"]
    if (coded := code(name)) is None:
        yield path, f"there is no code {name!r}{did_you_mean(name, {**OURS, **installed()})}"
    elif not set(control.kinds) <= set(coded.of):
        yield path, f"the code {name!r} judges no {control.of}: it is of {' and '.join(coded.of)}"


def _comparison(key: str, value: Any, known: Known, control: Control, path: Path) -> Wrong:
    if key in MATCHING:
        yield from _expression(value, path)
        return
    if key in ORDERED and known.shape not in NUMERIC:
        yield path, f"a {known.shape} has no order: use {' or '.join(EQUAL)}"
        return
    if key in COUNTED and not known.many:
        yield path, "has one value: there is nothing to count"
        return
    shape = "number" if key in COUNTED else known.shape
    for text in value if isinstance(value, tuple) else (value,):
        yield from _literal(text, shape, control, path)


def _literal(text: str, shape: Shape, control: Control, path: Path) -> Wrong:
    """A value, or the thresholds in its place; a wrong one of these is told of where it stands."""
    thresholds = {("levels", str(level)): each for level, each in control.levels.items()}
    for where, each in thresholds.items() if text == LEVEL else [(path, text)]:
        try:
            literal(each, shape)
        except ValueError as error:
            yield where, str(error)


def _known(what: str, name: str, known: Known | None, control: Control, path: Path) -> Wrong:
    if known is None:
        there = DOCUMENTS if what == "document" else FACTS
        yield path, f"there is no {what} {name!r}{did_you_mean(name, there)}"
    elif not set(control.kinds) <= set(known.of):
        yield path, f"no {control.of} has the {what} {name!r}: it is of {' and '.join(known.of)}"


def _expression(text: str, path: Path) -> Wrong:
    try:
        re.compile(text)
    except re.error as error:
        yield path, f"is no regular expression: {error}"


def _said(term: Term) -> dict[str, Any]:
    """What is written in a term, by its keys as they are written."""
    written = {"is_": "is", "not_": "not", "from_": "from"}
    return {written.get(key, key): getattr(term, key) for key in term.model_fields_set}


_INSIDE = {"all": _all, "any": _any, "not": _not, "lines": _lines, "fact": _fact, "code": _code}
