"""http_sd over the small city: whole lists, a URL a job, and nobody besides whom the inventory has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporters.sd import Targets
from infra_ctl.city import load_city
from infra_ctl.errors import InventoryError
from infra_ctl.monitor.jobs import registry


def test_every_job_has_its_list(small_folder: Path) -> None:
    targets = Targets()
    targets.configure(small_folder)
    city, pages = load_city(small_folder), targets.pages()
    assert list(pages) == [f"/sd/{job}" for job in registry()]
    for job, find in registry().items():
        page = pages[f"/sd/{job}"]
        assert page.content_type == "application/json"
        groups = json.loads(page.body)
        assert [group["targets"] for group in groups] == [[each.address] for each in find(city)]
        assert all(isinstance(value, str) for group in groups for value in group["labels"].values())
    routers = json.loads(pages["/sd/snmp"].body)
    assert {group["labels"]["device"] for group in routers} == set(city.intents)


def test_a_bad_inventory_leaves_the_lists(small_folder: Path) -> None:
    targets = Targets()
    targets.configure(small_folder)
    before = targets.pages()
    (small_folder / "communes.csv").write_text("site\n", encoding="utf-8")
    with pytest.raises(InventoryError):
        targets.configure(small_folder)
    assert targets.pages() is before
