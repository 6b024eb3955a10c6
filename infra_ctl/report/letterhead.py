"""Who writes an official document: as reports.yaml says, and else as the kind of unit has it."""

from __future__ import annotations

from dataclasses import replace

from infra_ctl.inventory.models import Inventory, Unit
from infra_ctl.inventory.reporting import Issuer, Remark
from infra_ctl.report.document import Letterhead, same, words

_COMMITTEE = "Ủy ban nhân dân"
_CHAIR = words("Chủ tịch", "Chairman")
_BEHALF = words(f"TM. {_COMMITTEE}", "On behalf of the People's Committee")
_OFFICES = {
    "Sở ": words("Giám đốc", "Director"),
    "Văn phòng ": words("Chánh Văn phòng", "Chief of the Office"),
    "": words("Thủ trưởng cơ quan", "Head of the agency"),
}
"""Who signs for a department, by how its name begins."""
_KINDS = ("Thành phố ", "Quận ", "Huyện ", "Phường ", "Xã ", "Thị trấn ")
_DEPARTMENT = "Sở "
_JOINING = frozenset(("và", "của"))


def letterhead(inventory: Inventory, unit: Unit | None = None, remark: Remark | None = None) -> Letterhead:
    """Of a unit's document, of the city's own without a unit; `remark` has its number and date."""
    code = unit.code if unit else inventory.city.code
    issuer = inventory.issuers.get(code, Issuer())
    signing = inventory.units.get((inventory.edition, issuer.by or code))
    head = _usual(inventory, signing)
    if issuer.by is not None:
        head = _said(head, inventory.issuers.get(issuer.by, Issuer()))
    head = _said(head, issuer)
    return head if remark is None else replace(head, number=remark.number or "", dated=remark.date)


def collector(inventory: Inventory) -> Unit | None:
    """The unit that draws up the city's reports out of those of the others; None where nobody is named."""
    issuer = inventory.issuers.get(inventory.city.code)
    return inventory.units.get((inventory.edition, issuer.by)) if issuer and issuer.by else None


def remark(inventory: Inventory, unit: str, period: str, report: str) -> Remark | None:
    """What a unit, the city for an empty one, has to say in a report of a period."""
    key = (inventory.edition, unit or inventory.city.code, period, report)
    found = (each for each in inventory.remarks if (each.edition, each.unit, each.period, each.report) == key)
    return next(found, None)


def _usual(inventory: Inventory, unit: Unit | None) -> Letterhead:
    """As a unit of its kind signs."""
    city = inside(inventory.city.name)
    if unit is None or unit.kind == "city":
        return _committee(inventory.city.name, (), (f"Các sở, ban, ngành {city}",))
    to = (f"{_COMMITTEE} {city}",)
    if unit.kind != "department":
        return _committee(unit.name, to, ())
    return Letterhead(
        agency=unit.name,
        place=_place(inventory.city.name),
        above=f"UBND {city}",
        symbol="-".join(filter(None, ("BC", _initials(unit.name)))),
        to=to,
        office=next(office for begins, office in _OFFICES.items() if unit.name.startswith(begins)),
    )


def _committee(name: str, to: tuple[str, ...], recipients: tuple[str, ...]) -> Letterhead:
    """Of a People's Committee, for which its chairman signs."""
    return Letterhead(
        agency=f"{_COMMITTEE} {inside(name)}",
        place=_place(name),
        symbol="BC-UBND",
        to=to,
        recipients=recipients,
        on_behalf=_BEHALF,
        office=_CHAIR,
    )


def _said(head: Letterhead, issuer: Issuer) -> Letterhead:
    """A head with all in it that somebody has written down."""
    return replace(
        head,
        agency=issuer.name or head.agency,
        above=head.above if issuer.superior is None else issuer.superior,
        symbol=issuer.symbol or head.symbol,
        place=issuer.place or head.place,
        on_behalf=same(issuer.authority) if issuer.authority else head.on_behalf,
        office=same(issuer.title) if issuer.title else head.office,
        signer=issuer.signer or head.signer,
        recipients=issuer.recipients or head.recipients,
    )


def inside(name: str) -> str:
    """A name within a longer text: `tại phường Cái Khế`; what is no place, as Sở Nội vụ, is as it was."""
    return name[:1].lower() + name[1:] if name.startswith(_KINDS) else name


def _place(name: str) -> str:
    """A unit's name as a place: what is of Thành phố Cần Thơ is written in Cần Thơ."""
    kind = next((kind for kind in _KINDS if name.startswith(kind)), "")
    return name.removeprefix(kind)


def _initials(name: str) -> str:
    """As departments abbreviate themselves: Sở Nội vụ is SNV. Of others nobody can tell."""
    if not name.startswith(_DEPARTMENT):
        return ""
    return "".join(word[0] for word in name.split() if word not in _JOINING).upper()
