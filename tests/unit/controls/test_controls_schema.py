"""Editors know what the loader knows of laws."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra_ctl.controls.loading import SHIPPED
from infra_ctl.controls.schema import schemas

(SCHEMA,) = schemas().values()


def written(file: Path) -> Any:
    """As editors read it: keys are text, and so is a date."""
    law = yaml.safe_load(file.read_text(encoding="utf-8"))
    law["since"] = date.isoformat(law["since"])
    for control in law["controls"].values():
        control["levels"] = {str(level): each for level, each in control["levels"].items()}
    return law


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_laws_fit(file: Path) -> None:
    law = written(file)
    jsonschema.validate(law, SCHEMA)
    control = next(iter(law["controls"].values()))
    control["severety"] = control.pop("severity")
    with pytest.raises(jsonschema.ValidationError, match="severety"):
        jsonschema.validate(law, SCHEMA)


def test_a_law_may_lie_on_another() -> None:
    jsonschema.validate({"law": "tcvn-14423-2026", "controls": {}}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError, match="is a required property"):
        jsonschema.validate({"controls": {}}, SCHEMA)
