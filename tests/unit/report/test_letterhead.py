"""Who signs: by the kind of unit, and as reports.yaml says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.reporting import Issuer, Remark
from infra_ctl.report.document import Letterhead
from infra_ctl.report.letterhead import letterhead, remark

REFERENCE = Path(__file__).parents[3] / "inventory"


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return load(REFERENCE)


def head(inventory: Inventory, code: str, issuers: Mapping[str, Issuer] | None = None) -> Letterhead:
    """Of a unit, where reports.yaml has no more than this."""
    bare = inventory.model_copy(update={"issuers": issuers or {}})
    return letterhead(bare, inventory.units["2021", code])


def test_a_ward_signs_for_its_committee(inventory: Inventory) -> None:
    ward = head(inventory, "31117")
    assert (ward.above, ward.agency, ward.place) == ("", "Ủy ban nhân dân phường Cái Khế", "Cái Khế")
    assert (ward.symbol, ward.to) == ("BC-UBND", ("Ủy ban nhân dân thành phố Cần Thơ",))
    assert ward.on_behalf is not None
    assert ward.office is not None
    assert (ward.on_behalf.vi, ward.office.vi) == ("TM. Ủy ban nhân dân", "Chủ tịch")


@pytest.mark.parametrize(
    ("code", "agency", "symbol"),
    [
        ("so-tttt", "Sở Thông tin và Truyền thông", "BC-STTTT"),
        ("so-noi-vu", "Sở Nội vụ", "BC-SNV"),
        ("so-khdt", "Sở Kế hoạch và Đầu tư", "BC-SKHĐT"),
        ("van-phong-ubnd", "Văn phòng UBND thành phố", "BC"),
    ],
)
def test_a_department_stands_beneath_the_citys_committee(
    inventory: Inventory, code: str, agency: str, symbol: str
) -> None:
    department = head(inventory, code)
    assert (department.above, department.agency) == ("UBND thành phố Cần Thơ", agency)
    assert (department.symbol, department.place, department.on_behalf) == (symbol, "Cần Thơ", None)
    assert department.office is not None
    assert department.office.vi == ("Giám đốc" if agency.startswith("Sở") else "Chánh Văn phòng")


def test_the_city_itself_writes_to_nobody_above(inventory: Inventory) -> None:
    city = letterhead(inventory.model_copy(update={"issuers": {}}))
    assert (city.agency, city.to) == ("Ủy ban nhân dân thành phố Cần Thơ", ())
    assert head(inventory, "92") == city


def test_another_unit_signs_in_its_place_and_what_is_written_counts(inventory: Inventory) -> None:
    issuers = {
        "92": Issuer(by="so-tttt", signer="Trần Thị B"),
        "so-tttt": Issuer(title="GIÁM ĐỐC", signer="Lê Văn A", superior="UBND TP. CT", place="Ninh Kiều"),
    }
    signed = head(inventory, "92", issuers)
    assert (signed.agency, signed.signer) == ("Sở Thông tin và Truyền thông", "Trần Thị B")
    assert (signed.above, signed.place) == ("UBND TP. CT", "Ninh Kiều")
    assert signed.office is not None
    assert signed.office.en == "GIÁM ĐỐC"


def test_a_remark_has_the_letters_number_and_date(inventory: Inventory) -> None:
    said = {"edition": "2021", "period": "2026H2", "number": "12", "date": "2026-12-21"}
    of_city, of_ward = (Remark.model_validate({**said, "unit": unit}) for unit in ("92", "31117"))
    other = Remark.model_validate({**said, "unit": "92", "report": "yearly", "number": "13"})
    noted = inventory.model_copy(update={"remarks": (other, of_ward, of_city)})
    assert remark(noted, "", "2026H2", "half-year") is of_city
    assert remark(noted, "31117", "2026H2", "half-year") is of_ward
    assert remark(noted, "31117", "2026H1", "half-year") is None
    head = letterhead(noted, None, of_city)
    assert (head.number, head.dated) == ("12", date(2026, 12, 21))
