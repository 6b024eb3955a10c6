"""Looks for the MTU of paths, one after the other, seldom."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from infra_ctl.probe import pathmtu
from infra_ctl.probe.echo import Asked


@dataclass(slots=True, eq=False)
class Look:
    """The way to one target; one packet of it at most is under way."""

    asked: Asked
    family: pathmtu.Family
    under_way: Generator[int, bool, int] | None = None

    def begin(self) -> None:
        """Send the first packet, unless the last look has not ended yet."""
        if self.under_way is None:
            self.under_way = pathmtu.search(self.family)
            self.asked.echoes.send_unbroken(self.asked, next(self.under_way), self._ended)

    def _ended(self, asked: Asked, took: int | None) -> None:
        if self.under_way is None:
            return
        try:
            size = self.under_way.send(took is not None)
        except StopIteration as found:
            self.under_way = None
            asked.echoes.counters.set_mtu(asked.slot, found.value)
        else:
            asked.echoes.send_unbroken(asked, size, self._ended)
