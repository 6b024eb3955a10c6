"""What is known of machines is of machines that are there, and a serial number is one machine's."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.rules.references import HINTED
from infra_ctl.inventory.rules.survey import Survey, hostnames


def machines(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """An asset is a device or a host."""
    if not (draft.sites.sound and draft.hosts.complete):
        return
    known = {*dict(hostnames(draft)), *draft.hosts.records}
    said = 0
    for key in draft.assets.records:
        if key not in known:
            said += 1
            hint = did_you_mean(key, known) if said < HINTED else ""
            yield draft.assets.problem(key, ("machine",), f"device or host {key!r} does not exist{hint}")


def serials(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """No two machines have one serial number."""
    first: dict[str, str] = {}
    for key, asset in draft.assets.objects.items():
        if asset.serial is not None and (owner := first.setdefault(asset.serial, key)) != key:
            yield draft.assets.problem(key, ("serial",), f"serial {asset.serial} is that of {owner}")


RULES = (machines, serials)
