"""A journal of a small city."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.store import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    opened.close()
