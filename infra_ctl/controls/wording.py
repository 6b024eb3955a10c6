"""A control as people read it: its predicate line by line, in the words in which it is written."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.controls.code import code
from infra_ctl.controls.model import Term
from infra_ctl.inventory.kinds import Language

_EXPRESSIONS = ("under", "require", "forbid", "last", "matches", "matches_not")
_FORMS = ("all", "any", "not_")
_TOLD = ("lines", "fact", "some", "from_", "says")


def lines(term: Term, language: Language, indent: int = 0) -> Iterator[str]:
    """A term and those within it, indented: `log.last  below $level   from level 3`."""
    start = f"   from level {term.from_}" if term.from_ is not None else ""
    yield f"{' ' * indent}{_head(term)}{start}"
    if term.says is not None:
        yield f"{' ' * indent}  “{term.says.of(language)}”"
    for each in term.all or term.any or ((term.not_,) if term.not_ is not None else ()):
        yield from lines(each, language, indent + 2)


def _head(term: Term) -> str:
    for form in _FORMS:
        if getattr(term, form) is not None:
            return form.strip("_")
    if term.code is not None and (coded := code(term.code)) is not None:
        return f"code  {coded.name}: {coded.says}"
    some = "some " if term.some else ""
    return f"{term.lines or term.fact}  {some}{'  '.join(_conditions(term))}"


def _conditions(term: Term) -> Iterator[str]:
    for key in Term.model_fields:
        value: str | tuple[str, ...] | None = getattr(term, key)
        if value is None or key in (*_FORMS, *_TOLD):
            continue
        text = ", ".join(value) if isinstance(value, tuple) else value
        yield f"{key.strip('_')} {f'/{text}/' if key in _EXPRESSIONS else text}"
