"""JSON Schema of the files of laws, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra_ctl.controls.model import Control, Words
from infra_ctl.inventory.fields import ControlId, Date, Slug, Text
from infra_ctl.inventory.files import LAWS
from infra_ctl.inventory.schema import schema
from infra_ctl.inventory.strict import Model


class _LawFile(Model):
    """One that lies on another law has its name alone."""

    law: Slug
    title: Words | None = None
    source: Text | None = None
    since: Date | None = None
    controls: Mapping[ControlId, Control] = {}


def schemas() -> dict[str, dict[str, Any]]:
    """Files by their name in an inventory, as `inventory.schema` has the others."""
    return {f"{LAWS}.yaml": schema("A law and its controls", _LawFile)}
