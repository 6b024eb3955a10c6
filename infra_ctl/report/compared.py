"""What was measured beside what governing documents ask, and beside the period before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from infra_ctl.controls.model import Words
from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.inventory.kinds import Language
from infra_ctl.report.document import Cell, Coded, Ratio, Table, same, words
from infra_ctl.report.infrastructure import column
from infra_ctl.report.mandate import Mandate, Target
from infra_ctl.report.measure import ORIGINS, Measure, brief, cell
from infra_ctl.report.measured import COMPUTED
from infra_ctl.report.period import Period
from infra_ctl.report.scope import Scope
from infra_ctl.report.wording import NONE

MET = Coded("met", words("đạt", "met"), "good")
NOT_MET = Coded("not-met", words("chưa đạt", "not met"), "bad")
OVERDUE = Coded("overdue", words("chưa đạt, quá hạn", "not met, overdue"), "bad")
INCOMPLETE = Coded("incomplete", words("chưa đủ số liệu", "not enough is known"), "muted")
UNKNOWN = Coded("unknown", words("chưa có căn cứ đánh giá", "nothing to judge by"), "muted")


UNCHANGED = Coded("unchanged", words("không đổi", "unchanged"), "muted")


def title(indicator: str) -> Words:
    """Of an indicator, computed or imported."""
    if indicator in COMPUTED:
        return COMPUTED[indicator].title
    return words(IMPORTED[indicator].vi, IMPORTED[indicator].en)


def targets_table(
    asked: Sequence[Mandate], measures: Mapping[str, Measure], scope: Scope, period: Period
) -> Table:
    """Every target with what was measured, marked where it was imported."""
    columns = (
        column("target", "Mã", "Target"),
        column("text", "Chỉ tiêu, nhiệm vụ", "What is asked"),
        column("document", "Văn bản", "Document", is_data=True),
        column("clause", "Vị trí", "Clause", is_data=True),
        column("at_least", "Mức giao", "Asked", is_number=True),
        column("by", "Thời hạn", "By"),
        column("measured", "Kết quả", "Measured"),
        column("origin", "Nguồn số liệu", "From"),
        column("state", "Đánh giá", "Judgement"),
    )
    rows = tuple(
        _target_row(number, target, mandate, measures, period)
        for mandate in asked
        for number, target in mandate.targets.items()
        if _concerns(target, measures[target.indicator], is_city=scope.is_city)
    )
    note = words(
        f"{_cited(asked, 'vi')} Với chỉ tiêu có dấu (*), mức giao do hệ thống đề xuất vì văn bản không nêu "
        "con số. Số liệu nhập (chữ nghiêng) là số do cơ quan khác thống kê, hệ thống không tự tính.",
        f"{_cited(asked, 'en')} Of a target with (*) the figure is ours, for the text gives none. What is "
        "imported (in italics) others counted; nothing of it is computed here.",
    )
    return Table(
        "targets", words("Chỉ tiêu, nhiệm vụ và kết quả", "Targets and results"), columns, rows, NONE, note
    )


def _cited(asked: Sequence[Mandate], language: Language) -> str:
    """Which document the letters before the numbers stand for."""
    cited = (f"{_letters(each)}: {each.title.of(language)}" for each in asked if each.targets)
    return "; ".join(cited) + "."


def _letters(mandate: Mandate) -> str:
    return next(iter(mandate.targets)).rstrip("abcdefghijklmnopqrstuvwxyz").rstrip("0123456789")


def _concerns(target: Target, measure: Measure, *, is_city: bool) -> bool:
    """A target is no unit's that has nothing of the kind; one of the city is a unit's that counted it."""
    return measure.whole != 0 and (is_city or target.of == "unit" or measure.is_known)


def _target_row(
    number: str, target: Target, mandate: Mandate, measures: Mapping[str, Measure], period: Period
) -> tuple[Cell, ...]:
    measure = measures[target.indicator]
    return (
        Coded(number, same(f"{number} (*)" if target.ours else number)),
        target.text,
        mandate.title,
        target.clause,
        Ratio(target.at_least),
        target.by,
        cell(measure),
        ORIGINS[measure.origin],
        judged(target, measure, period.last),
    )


def judged(target: Target, measure: Measure, day: date) -> Coded:
    """By the last day of a period: what nobody measured is neither met nor missed.

    Of a part of it that was measured follows nothing, save what would hold whatever the others are.
    """
    if (bounds := measure.bounds) is None:
        return UNKNOWN
    least, most = bounds
    if least >= target.at_least:
        return MET
    if most >= target.at_least:
        return INCOMPLETE
    return OVERDUE if target.by is not None and target.by < day else NOT_MET


def trend_table(now: Mapping[str, Measure], before: Mapping[str, Measure], period: Period) -> Table:
    """Of each indicator that the past is known of: then, now, and what lies between."""
    rows = tuple(_trend_rows(now, before))
    columns = (
        column("indicator", "Nội dung", "Indicator"),
        column("before", f"Kỳ trước ({period.before.name})", f"Before ({period.before.name})"),
        column("now", f"Kỳ này ({period.name})", f"Now ({period.name})"),
        column("difference", "Tăng, giảm", "Difference"),
    )
    note = words(
        "Số liệu theo khai báo hạ tầng là của thời điểm lập báo cáo, không có số của kỳ trước để so sánh.",
        "What the inventory says is of now: nothing is kept of how it was before.",
    )
    none = words("Không có số liệu của kỳ trước để so sánh.", "Nothing is known of the period before.")
    return Table("trend", words("So với kỳ trước", "Beside the period before"), columns, rows, none, note)


def _trend_rows(now: Mapping[str, Measure], before: Mapping[str, Measure]) -> Iterator[tuple[Cell, ...]]:
    for name, measure in now.items():
        earlier = before.get(name)
        if earlier is None or measure.origin == "inventory" or not (measure.is_known or earlier.is_known):
            continue
        yield Coded(name, title(name)), brief(earlier), brief(measure), difference(measure, earlier)


def difference(now: Measure, before: Measure) -> Cell:
    """Of shares in points of a hundred, of numbers as they are; nothing where one of them is not known."""
    if now.ratio is not None and before.ratio is not None:
        points = round((now.ratio - before.ratio) * 100, 2)
        if not points:
            return UNCHANGED
        vi = f"{points:+g}".replace(".", ",")
        return words(f"{vi} điểm %", f"{points:+g} points")
    if now.whole is None and before.whole is None and now.part is not None and before.part is not None:
        number = now.part - before.part
        if not number:
            return UNCHANGED
        return words(f"{number:+g}".replace(".", ","), f"{number:+g}")
    return None


def before_cell(measure: Measure | None) -> Cell:
    """For a headline: what it was, where that is known."""
    if measure is None or measure.origin == "inventory" or not measure.is_known:
        return None
    return brief(measure)
