"""What nobody wrote of a machine."""

from __future__ import annotations

from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.inventory.models import Asset

_FIELDS = {
    "serial": "serial",
    "support_end": "support-end",
    "location": "location",
    "owner": "owner",
}
"""Of an asset → what it is called in findings. Its name it has; its address is drawn from the plan."""


def missing(reading: Reading, machine: str) -> Found:
    asset = reading.inventory.assets.get(machine, Asset(machine=machine))
    lacking = [named for field, named in _FIELDS.items() if getattr(asset, field) is None]
    if machine in reading.city.hosts and not reading.city.hosts[machine].addresses:
        lacking.insert(0, "address")
    return tuple(reading.fact(each, *_where(reading, machine)) for each in lacking)


def _where(reading: Reading, machine: str) -> tuple[str, str]:
    """Its row, or where else it is written that there is such a machine."""
    if machine in reading.inventory.assets:
        return "assets", machine
    if machine in reading.inventory.hosts:
        return "hosts", machine
    return "sites", reading.homes[machine]
