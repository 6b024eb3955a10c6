"""Sections of what FRR and the kernel print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra_ctl.controls import sections
from infra_ctl.controls.exhibit import Document, Exhibit
from infra_ctl.controls.judging import Asked, judge, rules
from infra_ctl.controls.model import Law
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import TAKEN, TEXTS, document

WARD = Path(__file__).parents[2] / "cases/frr/ward.running.conf"


def under(shown: Document, header: str) -> list[tuple[str, list[str]]]:
    return [
        (str(head), [line.text for line in inside])
        for head, inside in sections.under(shown, re.compile(header))
    ]


@pytest.fixture(scope="module")
def ward() -> Document:
    return document("frr", WARD.read_text(encoding="utf-8"))


def test_every_line_of_frr_has_its_number(ward: Document) -> None:
    written = WARD.read_text(encoding="utf-8").splitlines()
    for line in ward.said:
        assert written[line.number - 1].strip() == line.text
    assert {"!", ""} & {line.text for line in ward.said} == set()


def test_interfaces_of_frr_are_sections(ward: Document) -> None:
    found = dict(under(ward, "^interface "))
    assert len(found) == WARD.read_text(encoding="utf-8").count("\ninterface ")
    assert all(inside and "exit" not in inside for inside in found.values())


def test_chains_of_nftables_are_sections_of_their_table() -> None:
    rules_of = document("nftables", "dc-core1.nftables")
    (table,) = under(rules_of, "^table inet zones")
    chains = [inside for _, inside in under(rules_of, "^chain ")]
    assert sum(map(len, chains)) < len(table[1])
    assert table[1][-1] == "drop"
    assert [inside[-1] for head, inside in under(rules_of, "^chain asked")] == ["drop"]
    (start,) = (inside[0] for _, inside in under(document("nftables", "dc-app-1.nftables"), "^chain input"))
    assert start == "type filter hook input priority filter; policy drop;"


def test_a_chain_that_is_not_default_deny_is_found_by_its_line(shipped: dict[str, Law]) -> None:
    text = (TEXTS / "dc-core1.nftables").read_text(encoding="utf-8")
    number = 1 + text[: text.rindex("\t\tdrop\n")].count("\n")
    seeded = text.replace("\t\tdrop\n", "\t\taccept\n")
    law = shipped["tcvn-14423-2026"]
    law = law.model_copy(update={"controls": {"NET-02": law.controls["NET-02"]}})
    shown = Exhibit(
        "device", "dc-core1", TAKEN, {"nftables": document("nftables", seeded)}, {"zone.accepting": ()}
    )
    by = rules([law], lambda _control: lambda _name: True)["device"]
    (finding,) = judge(Asked("device", "dc-core1", 3), shown, by)
    assert finding.verdict is Verdict.FAIL
    assert [str(line) for line in finding.lines] == [f"nftables:{number}: accept"]
    assert finding.reasons[0].vi == "Dòng cuối của chuỗi không từ chối."
