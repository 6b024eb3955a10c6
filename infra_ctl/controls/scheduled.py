"""What audits.yaml says and only who knows every law and every machine can judge."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from infra_ctl.errors import Problem
from infra_ctl.inventory import records, tree
from infra_ctl.inventory.audits import ScheduledAudit
from infra_ctl.inventory.files import AUDITS
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.selectors import choose
from infra_ctl.inventory.text import decode, read


def wrong(folder: Path, inventory: Inventory, laws: Collection[str]) -> Iterator[Problem]:
    """Audits of a sound inventory by laws that there are not, or of nobody."""
    for name, audit in inventory.schedule.audits.items():
        for path, message in _wrong(audit, inventory, laws):
            yield records.problem(_written(folder), ("audits", name, *path), message)


def _wrong(
    audit: ScheduledAudit, inventory: Inventory, laws: Collection[str]
) -> Iterator[tuple[records.Path, str]]:
    for index, law in enumerate(audit.laws):
        if law not in laws:
            yield ("laws", index), f"there is no law {law!r}{did_you_mean(law, laws)}"
    if not any(choose(audit.where, inventory)):
        yield ("where",), f"{audit.where!r} means no device and no host"


def _written(folder: Path) -> records.Entry:
    path = folder / AUDITS
    return records.Entry(str(path), (1, 1), tree.parse(decode(read(path, str(path)), str(path)), str(path)))
