"""Audits of a sound inventory by laws that there are not, or of nobody, where they are written."""

from __future__ import annotations

from pathlib import Path

from infra_ctl.controls.loading import laws
from infra_ctl.controls.scheduled import wrong
from infra_ctl.inventory import load

ROOT = Path(__file__).parents[3]


def wrongs(folder: Path, text: str) -> list[str]:
    (folder / "audits.yaml").write_text(text, encoding="utf-8")
    return [str(each).replace(f"{folder}/", "") for each in wrong(folder, load(folder), laws(folder))]


def test_a_law_that_there_is_not_and_a_selector_that_means_nobody(small_folder: Path) -> None:
    text = """\
audits:
  weekly: {calendar: "0 6 * * mon", laws: [city-standard]}
  daily:
    calendar: 0 6 * * *
    laws: [city-standard, tcvn-14423-2062]
    where: site=mars or nk-nowhere-*
"""
    assert wrongs(small_folder, text) == [
        "audits.yaml:5:27: there is no law 'tcvn-14423-2062' (did you mean 'tcvn-14423-2026'?)",
        "audits.yaml:6:12: 'site=mars or nk-nowhere-*' means no device and no host",
    ]


def test_hosts_alone_are_something(small_folder: Path) -> None:
    text = 'audits: {weekly: {calendar: "0 6 * * 1", laws: [city-standard], where: role=database}}\n'
    assert wrongs(small_folder, text) == []


def test_the_reference_city_is_audited_by_laws_that_there_are() -> None:
    folder = ROOT / "inventory"
    assert [*wrong(folder, load(folder), laws(folder))] == []
