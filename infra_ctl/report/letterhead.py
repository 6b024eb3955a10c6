"""Who writes an official document: read off the unit that it is written for, in its language of office."""

from __future__ import annotations

from infra_ctl.inventory.models import Inventory, Unit
from infra_ctl.report.document import Letterhead, words

_COMMITTEE = "Ủy ban nhân dân"
_CHAIR = words("Chủ tịch", "Chairman")
_BEHALF = words(f"TM. {_COMMITTEE}", "On behalf of the People's Committee")
_HEAD = words("Thủ trưởng cơ quan", "Head of the agency")
_KINDS = ("Thành phố ", "Quận ", "Huyện ", "Phường ", "Xã ", "Thị trấn ")


def letterhead(inventory: Inventory, unit: Unit | None = None) -> Letterhead:
    """Of a unit's document; of the city's own without a unit."""
    city = _inside(inventory.city.name)
    if unit is None or unit.kind == "city":
        return _committee(inventory.city.name, (), (f"Các sở, ban, ngành {city}",))
    to = (f"{_COMMITTEE} {city}",)
    if unit.kind != "department":
        return _committee(unit.name, to, ())
    place = _place(inventory.city.name)
    return Letterhead(agency=unit.name, place=place, above=f"UBND {city}", to=to, office=_HEAD)


def _committee(name: str, to: tuple[str, ...], recipients: tuple[str, ...]) -> Letterhead:
    """Of a People's Committee, for which its chairman signs."""
    return Letterhead(
        agency=f"{_COMMITTEE} {_inside(name)}",
        place=_place(name),
        symbol="UBND",
        to=to,
        recipients=recipients,
        on_behalf=_BEHALF,
        office=_CHAIR,
    )


def _inside(name: str) -> str:
    """A name as it stands within a longer one: `Ủy ban nhân dân quận Ninh Kiều`."""
    return name[:1].lower() + name[1:]


def _place(name: str) -> str:
    """A unit's name as a place: what is of Thành phố Cần Thơ is written in Cần Thơ."""
    kind = next((kind for kind in _KINDS if name.startswith(kind)), "")
    return name.removeprefix(kind)
