"""Values as controls write them, and how they are compared with what was collected."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import NoReturn, TypeAlias

from infra_ctl.controls.catalogue import Shape
from infra_ctl.controls.exhibit import Scalar

LEVEL = "$level"
"""In the place of a value: what is asked at the object's security level."""

NUMERIC: tuple[Shape, ...] = ("number", "seconds", "ratio")

ORDERED: Mapping[str, Callable[[float, float], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}
COUNTED: Mapping[str, Callable[[float, float], bool]] = {
    "count_at_least": operator.ge,
    "count_at_most": operator.le,
}
EQUAL = ("is", "is_not", "one_of", "none_of")
MATCHING = ("matches", "matches_not")

Test: TypeAlias = Callable[[Scalar], bool]

_FORMS: Mapping[Shape, tuple[str, str]] = {
    "number": (r"([0-9]+(?:[.][0-9]+)?)()", "a number, such as 3"),
    "seconds": (r"([0-9]+(?:[.][0-9]+)?)(ms|[smhd])", "a duration, such as 100ms, 5m, 4h or 90d"),
    "ratio": (r"([0-9]+(?:[.][0-9]+)?)(%?)", "a ratio, such as 90% or 0.9"),
}
_UNITS = {"": "1", "ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400", "%": "0.01"}


@cache
def literal(text: str, shape: Shape) -> Scalar:
    """`90d`, `80%`, `3`, `true` or a text, by what a fact is. Raises ValueError where it is no such thing."""
    if shape == "text":
        return text
    if shape == "truth":
        return text == "true" if text in ("true", "false") else _refuse(text, "true or false")
    form, meaning = _FORMS[shape]
    if (found := re.fullmatch(form, text)) is None:
        _refuse(text, meaning)
    # Decimal: 70% is then the 0.7 that somebody else has written, and not one unit beside it.
    return float(Decimal(found[1]) * Decimal(_UNITS[found[2]]))


def _refuse(text: str, wanted: str) -> NoReturn:
    raise ValueError(f"'{text}' is not {wanted}")


def fits(value: Scalar, shape: Shape) -> bool:
    """Whether a collected value is what the catalogue says of it; one of another version may not be."""
    if shape in ("text", "truth"):
        return isinstance(value, str if shape == "text" else bool)
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124


def test(key: str, values: tuple[str, ...], shape: Shape) -> Test:
    """Whether a value is as a comparison asks; `values` has one but for `one_of` and `none_of`."""
    if key in MATCHING:
        found = re.compile(values[0]).search
        return lambda value: (found(str(value)) is not None) == (key == "matches")
    wanted = [literal(each, shape) for each in values]
    if key in ORDERED:
        compare, limit = ORDERED[key], float(wanted[0])
        return lambda value: compare(float(value), limit)
    return lambda value: (value in wanted) == (key in ("is", "one_of"))
