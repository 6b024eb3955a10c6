"""Which evidence a control is judged by."""

from __future__ import annotations

from infra_ctl.controls.code import code
from infra_ctl.controls.model import Control, Term


def needed(control: Control) -> frozenset[str]:
    """All documents and facts that it asks for."""
    return _of(control.holds) | (_of(control.when) if control.when is not None else frozenset())


def _of(term: Term) -> frozenset[str]:
    if term.code is not None:
        coded = code(term.code)
        return coded.evidence if coded is not None else frozenset()
    inside = (*(term.all or ()), *(term.any or ()), *((term.not_,) if term.not_ is not None else ()))
    own = (name for name in (term.lines, term.fact) if name is not None)
    return frozenset(own).union(*map(_of, inside))
