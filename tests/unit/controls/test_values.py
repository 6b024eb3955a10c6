"""Values as controls write them."""

from __future__ import annotations

import pytest

from infra_ctl.controls.catalogue import Shape
from infra_ctl.controls.exhibit import Scalar
from infra_ctl.controls.values import literal


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("90d", "seconds", 7_776_000),
        ("100ms", "seconds", 0.1),
        ("1.5h", "seconds", 5400),
        ("0s", "seconds", 0),
        ("5m", "seconds", 300),
        ("90%", "ratio", 0.9),
        ("0.25", "ratio", 0.25),
        ("3", "number", 3),
        ("true", "truth", True),
        ("false", "truth", False),
        ("90d", "text", "90d"),
    ],
)
def test_a_value_is_read_by_the_shape_of_its_fact(text: str, shape: Shape, value: Scalar) -> None:
    assert literal(text, shape) == pytest.approx(value)


def test_a_percentage_is_the_ratio_that_anybody_else_writes() -> None:
    assert [literal(f"{each}%", "ratio") for each in range(101)] == [each / 100 for each in range(101)]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("90", "seconds"),
        ("90%", "seconds"),
        ("-1d", "seconds"),
        ("1e3s", "seconds"),
        ("d", "seconds"),
        ("3d", "number"),
        ("inf", "number"),
        ("nan", "number"),
        ("1_000", "number"),
        (" 3", "number"),
        ("٣", "number"),
        ("90d", "ratio"),
        ("True", "truth"),
        ("yes", "truth"),
    ],
)
def test_what_is_no_such_value_is_refused(text: str, shape: Shape) -> None:
    with pytest.raises(ValueError, match="is not"):
        literal(text, shape)
