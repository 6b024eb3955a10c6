"""A control as it is written, and the law that asks for it: frozen, strict, free of behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from infra_ctl.controls.exhibit import MACHINES, Kind
from infra_ctl.inventory.fields import ControlId, Date, Level, Slug, Text
from infra_ctl.inventory.kinds import Language
from infra_ctl.inventory.strict import Model

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
Of: TypeAlias = Literal["circuit", "city", "device", "host", "machine", "site", "system"]
"""Whom a control is about; a machine is a device or a host."""


class Words(Model):
    """One sentence in both languages."""

    vi: Text
    en: Text

    def of(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en


class Term(Model):
    """One condition of a predicate; which keys may stand together is for `checking` to say.

    all, any, not   of other terms
    lines           a document; `require` and `forbid` are regular expressions that some line, and no line, is
                    to match, `last` one for the last line; with `under`, the lines of each section whose
                    first line matches that
    fact            its values, all of which are to hold, or one with `some: true`; with one comparison
    code            a function of `controls.code`, by its name
    from            in an `all`: the security level from which on it is asked
    says            what to say where it does not hold
    """

    all: tuple[Term, ...] | None = None
    any: tuple[Term, ...] | None = None
    not_: Annotated[Term | None, Field(alias="not")] = None

    lines: Text | None = None
    under: Text | None = None
    require: Text | None = None
    forbid: Text | None = None
    last: Text | None = None

    fact: Text | None = None
    some: bool = False
    is_: Annotated[Text | None, Field(alias="is")] = None
    is_not: Text | None = None
    one_of: tuple[Text, ...] | None = None
    none_of: tuple[Text, ...] | None = None
    at_least: Text | None = None
    at_most: Text | None = None
    above: Text | None = None
    below: Text | None = None
    matches: Text | None = None
    matches_not: Text | None = None
    count_at_least: Text | None = None
    count_at_most: Text | None = None

    code: Text | None = None

    from_: Annotated[Level | None, Field(alias="from")] = None
    says: Words | None = None


class Control(Model):
    """One thing that is asked, of one kind of object."""

    id: ControlId
    title: Words
    clause: Text
    """Where it is written: standard or circular, and the number there."""
    severity: Severity
    of: Of
    where: Text | None = None
    """A selector: which of them; all without it. Of devices, hosts and machines only."""
    levels: Mapping[Level, Text]
    """What is asked at each security level, `$level` in predicates; where a level is not here, nothing."""
    when: Term | None = None
    """What must hold before it is asked at all."""
    holds: Term
    remediation: Words

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of object that it is about."""
        return MACHINES if self.of == "machine" else (self.of,)


class Law(Model):
    """A set of controls that somebody has put in force; a later one is another law."""

    law: Slug
    title: Words
    source: Text
    """The governing text, and how it is known to us."""
    since: Date
    """In force from this day on."""
    controls: Mapping[str, Control] = {}
    """By id."""
