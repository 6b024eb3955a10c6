"""One indicator of a unit or of the city in a period: a count, a part of a whole, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from infra_ctl.controls.model import Words
from infra_ctl.inventory.reporting import Figure
from infra_ctl.report.document import Cell, Coded, Imported, Ratio, Share, words

Origin: TypeAlias = Literal["inventory", "audit", "journal", "monitoring", "backup", "imported"]

ORIGINS: Mapping[Origin, Coded] = {
    "inventory": Coded("inventory", words("theo khai báo", "as written down")),
    "audit": Coded("audit", words("kết quả kiểm tra", "audits")),
    "journal": Coded("journal", words("nhật ký thay đổi", "the journal")),
    "monitoring": Coded("monitoring", words("hệ thống giám sát", "monitoring")),
    "backup": Coded("backup", words("kho sao lưu", "the backups")),
    "imported": Coded("imported", words("số liệu nhập", "imported")),
}
"""Where a value comes from, as it is said beside it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Nothing of a kind is a whole of 0; what could not be measured has no part, and a cause."""

    origin: Origin
    part: float | None = None
    whole: float | None = None
    """None where it is a count by itself."""
    cause: Words | None = None
    source: str = ""
    """Of an imported one."""
    missing: float = 0
    """How many there are besides of which nothing is known: they are in no share."""

    @property
    def is_known(self) -> bool:
        return self.part is not None and self.whole != 0

    @property
    def ratio(self) -> float | None:
        """Of a share that is known."""
        if self.part is None or not self.whole:
            return None
        return self.part / self.whole

    @property
    def bounds(self) -> tuple[float, float] | None:
        """What a share that is known would be if all that is missing were wrong, and if it were right."""
        if self.part is None or not self.whole:
            return None
        every = self.whole + self.missing
        return self.part / every, (self.part + self.missing) / every


def share(origin: Origin, part: float, whole: float, missing: float = 0) -> Measure:
    return Measure(origin, part, whole, missing=missing)


def count(origin: Origin, number: float) -> Measure:
    return Measure(origin, number)


def unmeasured(origin: Origin, cause: Words) -> Measure:
    return Measure(origin, cause=cause)


def imported(figure: Figure) -> Measure:
    return Measure("imported", figure.value, figure.of, source=f"{figure.source}, {figure.date:%d/%m/%Y}")


def added(measures: Iterable[Measure]) -> Measure:
    """Parts by parts and wholes by wholes, of those that could be measured; the first cause where none could.

    Raises ValueError where there is nothing to add.
    """
    every = tuple(measures)
    if not every:
        raise ValueError("of nothing there is no sum")
    known = [each for each in every if each.is_known]
    if not known:
        return next((each for each in every if each.part is None), every[0])
    first = known[0]
    wholes = [each.whole for each in known if each.whole is not None]
    sources = dict.fromkeys(each.source for each in known if each.source)
    return Measure(
        first.origin,
        sum(each.part or 0 for each in known),
        sum(wholes) if wholes else None,
        source="; ".join(sources),
        missing=sum(each.missing if each.is_known else each.part is None for each in every),
    )


def cell(measure: Measure) -> Cell:
    """As it stands in a table: never blank, and never a nought, where nothing was measured."""
    if measure.part is None and measure.cause is not None:
        cause = measure.cause
        said = (
            cause
            if measure.origin == "imported"
            else words(f"chưa đo: {cause.vi}", f"not measured: {cause.en}")
        )
        return Coded("not-measured", said, "muted")
    return brief(measure, measure.source)


def brief(measure: Measure, source: str = "") -> Cell:
    """As `cell`, where causes and sources stand elsewhere."""
    if measure.part is None:
        missing = words("chưa có", "not there") if measure.origin == "imported" else _NOT_MEASURED
        return Coded("not-measured", missing, "muted")
    if measure.whole == 0:
        return Coded("none", words("không có đối tượng", "nothing of the kind"), "muted")
    value = _value(measure.part, measure.whole)
    return Imported(value, source) if measure.origin == "imported" else value


_NOT_MEASURED = words("chưa đo", "not measured")


def _value(part: float, whole: float | None) -> int | float | Share | Ratio:
    if whole is None:
        return int(part) if float(part).is_integer() else part
    if float(part).is_integer() and float(whole).is_integer():
        return Share(int(part), int(whole))
    return Ratio(part / whole)
