"""Who runs what: tests that share a lab stay with one worker of pytest-xdist, and the longest start first."""

from __future__ import annotations

import pytest

LABS = ("deployed", "sites", "in_band")
"""Fixtures that boot a lab for all tests of a run, by how long those take together."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks when its own turn comes
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A lab is a lot of its own, whatever files its tests are in; all else is a lot a file."""
    lots = {item: _lot(item) for item in items}
    for item, lot in lots.items():
        item.add_marker(pytest.mark.xdist_group(lot))
    items.sort(key=lambda item: LABS.index(lots[item]) if lots[item] in LABS else len(LABS))


def _lot(item: pytest.Item) -> str:
    needed = getattr(item, "fixturenames", ()) if item.get_closest_marker("live") else ()
    return next((lab for lab in LABS if lab in needed), item.path.stem)
