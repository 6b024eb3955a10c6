"""Schemas for editors: they know what the loader knows."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra_ctl.inventory.files import OPTIONAL, TREES
from infra_ctl.inventory.schema import schemas

FOLDER = Path(__file__).parents[3] / "inventory"


def resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref` inside a schema; of a choice with null, take the other."""
    if "$ref" in schema:
        return resolved(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    others = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return resolved(others[0], whole) if others else schema


def misfits(value: Any, schema: dict[str, Any], whole: dict[str, Any], path: str = "") -> list[str]:
    """What of a value a schema does not allow, as far as objects, lists, choices and plain types go."""
    schema = resolved(schema, whole)
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{path}: {value}"]
    if schema.get("type") == "object":
        return object_misfits(value, schema, whole, path)
    if schema.get("type") == "array":
        items = [*schema.get("prefixItems", ()), *[schema.get("items", {})] * len(value)]
        pairs = enumerate(zip(value, items, strict=False))
        return [
            found for index, (one, item) in pairs for found in misfits(one, item, whole, f"{path}/{index}")
        ]
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str, date),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    names = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type")]
    return (
        []
        if any(isinstance(value, kinds[name]) for name in names if name in kinds)
        else [f"{path}: {value!r}"]
    )


def object_misfits(value: Any, schema: dict[str, Any], whole: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}/{name}: missing" for name in schema.get("required", ()) if name not in value]
    for name, one in value.items():
        if (fitting := fit(name, schema)) is None:
            found.append(f"{path}/{name}: unknown")
        else:
            found += misfits(one, fitting, whole, f"{path}/{name}")
    return found


def fit(name: str, schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of a property; None where it may not be there."""
    if name in schema.get("properties", {}):
        return dict(schema["properties"][name])
    for pattern, fitting in schema.get("patternProperties", {}).items():
        if re.search(pattern, name):
            return dict(fitting)
    others = schema.get("additionalProperties", {})
    return others if isinstance(others, dict) else None


def test_a_schema_a_yaml_file() -> None:
    assert set(schemas()) == {*TREES, *OPTIONAL}
    assert json.loads(json.dumps(schemas())) == schemas()


@pytest.mark.parametrize("name", [*TREES, *OPTIONAL])
def test_the_reference_inventory_fits(name: str) -> None:
    schema = schemas()[name]
    content = YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8"))
    assert misfits(content, schema, schema) == []


def test_a_site_is_written_without_what_follows_from_its_key_and_profile() -> None:
    site = schemas()["sites.yaml"]["$defs"]["Site"]
    assert {"id", "kind"} & set(site["properties"]) == set()
    assert site["required"] == ["unit", "pop", "number", "profile", "ipv6"]
    assert site["properties"]["number"]["pattern"] == "^[0-9a-f]{2}$"


def test_a_profile_may_extend_and_then_needs_nothing() -> None:
    profile = schemas()["profiles.yaml"]["$defs"]["Profile"]
    assert "extends" in profile["properties"]
    assert profile["required"] == []


def test_fields_have_the_names_that_are_written() -> None:
    system = schemas()["systems.yaml"]["$defs"]["System"]
    assert {"rpo", "rto"} <= set(system["properties"])
    assert "class" in schemas()["video.yaml"]["$defs"]["Room"]["required"]


def test_an_id_that_is_none_does_not_fit() -> None:
    for name, section in (("hosts.yaml", None), ("video.yaml", "mcus")):
        schema = schemas()[name]
        entries = schema["properties"][section] if section else schema
        assert fit("dc-x", entries) is not None
        assert fit("DC X", entries) is None


def test_an_unknown_key_does_not_fit() -> None:
    schema = schemas()["hosts.yaml"]
    assert misfits(
        {"a": {"site": "dc", "zone": "dmz", "number": 16, "roles": ["web"], "colour": "red"}}, schema, schema
    ) == ["/a/colour: unknown"]
