"""The shipped laws, read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra_ctl.controls.loading import laws
from infra_ctl.controls.model import Law


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Law]:
    nowhere: Path = tmp_path_factory.mktemp("inventory")
    return laws(nowhere)
