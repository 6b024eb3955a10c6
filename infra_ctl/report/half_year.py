"""The half-yearly report of a unit, and of the city as the sum of its units (plan of 2019, lines 451-463)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from infra_ctl.controls.model import Words
from infra_ctl.errors import UnknownError
from infra_ctl.outcome import Verdict
from infra_ctl.report.changes import changes_table
from infra_ctl.report.compared import before_cell, targets_table, title, trend_table
from infra_ctl.report.deeds import deeds, deeds_table, incidents, incidents_table
from infra_ctl.report.document import (
    Block,
    Cell,
    Document,
    Headline,
    Headlines,
    Paragraph,
    Section,
    words,
)
from infra_ctl.report.findings import (
    Naming,
    by_law,
    controls_table,
    grouped,
    of_verdict,
    waivers_table,
)
from infra_ctl.report.framing import addressed, closing, inner, opening, said
from infra_ctl.report.infrastructure import (
    circuits_table,
    rooms_table,
    sites_table,
    stages,
    systems_table,
)
from infra_ctl.report.letterhead import collector
from infra_ctl.report.mandate import Mandate
from infra_ctl.report.measure import Measure, brief
from infra_ctl.report.measured import changed, circuits, findings, rooms, sites, systems
from infra_ctl.report.monitored import partly
from infra_ctl.report.period import Period
from infra_ctl.report.readings import Readings
from infra_ctl.report.rollup import Part, parts, whole
from infra_ctl.report.scope import Scope
from infra_ctl.report.spoken import number
from infra_ctl.report.units import lacking_table, shares, units_table, voices_table
from infra_ctl.report.wanted import Sources, Wanted
from infra_ctl.report.wording import about

KIND = "half-year"
ABOUT = (
    "Tình hình hạ tầng công nghệ thông tin và bảo đảm an toàn thông tin mạng",
    "State and security of the information infrastructure",
)
HEADLINES = (
    "sites-conforming",
    "controls-passed",
    "circuits-available",
    "sites-dual",
    "systems-approved",
    "changes",
)


@dataclass(frozen=True, slots=True)
class Half:
    """One period of one scope: what was read, each unit's part of it, and what they add up to."""

    scope: Scope
    readings: Readings
    beneath: tuple[Part, ...]
    measures: Mapping[str, Measure]

    @property
    def is_rollup(self) -> bool:
        """Whether units are beneath it, of which each is a row."""
        return len(self.beneath) > 1


def reporting_half(of: Period) -> Period:
    """Raises UnknownError for what is no half of a year."""
    if "H" not in of.name:
        half = "H1" if of.first.month <= 6 else "H2"
        known = f"such as {of.first.year}{half}"
        raise UnknownError(f"a half-year report is of half a year, {known}, and not of {of.name}")
    return of


def half(scope: Scope, readings: Readings) -> Half:
    beneath = parts(scope, readings)
    return Half(scope, readings, beneath, whole(scope, readings, beneath))


def document(sources: Sources, wanted: Wanted, now: Readings, before: Readings) -> Document:
    """The report; `before` is what was read of the period before."""
    inventory = sources.city.inventory
    head = addressed(wanted.head(inventory, KIND), collector(inventory), wanted.scope.unit)
    one, earlier = half(wanted.scope, now), half(wanted.scope, before)
    naming = Naming(sources.laws, inventory)
    return Document(
        kind=KIND,
        subject=about(*ABOUT, wanted),
        head=head,
        sections=tuple(_sections(one, earlier, wanted, naming, sources.mandates)),
        made=wanted.made,
        context=sources.context,
        period=wanted.period,
        unit=wanted.scope.code,
        grounds=grounds(sources.mandates),
        opening=opening(head, f"{ABOUT[0]} {wanted.period.title.vi}"),
        closing=closing(head, " tổng hợp"),
    )


def grounds(asked: Sequence[Mandate]) -> tuple[Words, ...]:
    """What asks for the report."""
    cited = tuple(words(f"Căn cứ {m.title.vi}", f"Pursuant to {inner(m.title.en)}") for m in asked)
    return (
        words(
            "Thực hiện chế độ báo cáo định kỳ 06 tháng về ứng dụng công nghệ thông tin",
            "For the report that is due every six months",
        ),
        *cited,
    )


def _sections(
    one: Half, earlier: Half, wanted: Wanted, naming: Naming, asked: Sequence[Mandate]
) -> Iterator[Section]:
    yield Section(words("Tình hình chung", "Overview"), tuple(_overview(one, earlier)))
    targets = targets_table(asked, one.measures, one.scope, wanted.period)
    yield Section(words("Kết quả thực hiện chỉ tiêu, nhiệm vụ", "Targets and results"), (targets,))
    if one.is_rollup:
        yield Section(words("Tổng hợp theo đơn vị", "Unit by unit"), tuple(_units(one)))
    yield Section(words("Hạ tầng mạng và hệ thống thông tin", "Network and systems"), tuple(_network(one)))
    yield Section(words("Bảo đảm an toàn thông tin mạng", "Security"), tuple(_security(one, naming)))
    yield Section(words("Thay đổi hạ tầng trong kỳ", "Changes"), tuple(_changes(one)))
    trend = trend_table(one.measures, earlier.measures, wanted.period)
    yield Section(words("So sánh với kỳ trước", "Trend"), (trend,))
    own = said(wanted, one.readings.inventory, KIND)
    if one.is_rollup:
        heading = words("Khó khăn, đề xuất của các đơn vị", "What the units have to say")
        yield Section(heading, (voices_table(one.beneath, wanted, one.readings.inventory, KIND),))
    yield from own


def _overview(one: Half, earlier: Half) -> Iterator[Block]:
    yield Paragraph(inventoried(one.scope, one.readings))
    if one.readings.made < one.readings.period.until:
        yield Paragraph(
            words(
                "Kỳ báo cáo chưa kết thúc: số liệu tính đến thời điểm lập báo cáo.",
                "The period has not ended: the figures are those up to now.",
            ),
            "warn",
        )
    if (part := partly(one.readings)) is not None:
        yield Paragraph(part, "warn")
    shown = (name for name in HEADLINES if one.measures[name].whole != 0)
    yield Headlines(
        "summary",
        tuple(headline(name, one.measures[name], before_cell(earlier.measures.get(name))) for name in shown),
    )


def headline(name: str, measure: Measure, before: Cell = None) -> Headline:
    """Why something is not known stands beneath it, and is not the figure to be seen first."""
    cause = measure.cause if measure.part is None else None
    return Headline(name, title(name), brief(measure, measure.source), before, note=cause)


def inventoried(scope: Scope, readings: Readings) -> Words:
    """How much of everything there is, in one sentence."""
    own = sites(scope, readings)
    lines = circuits(scope, readings)
    mbps = sum(each.mbps for each in lines)
    in_vi, in_en = number(mbps, "vi"), number(mbps, "en")
    machines, hosts = len(scope.named("device")), len(scope.named("host"))
    video, owned = len(rooms(scope, readings)), len(systems(scope, readings))
    return words(
        f"Hạ tầng được khai báo gồm {len(own)} điểm mạng, {machines} bộ định tuyến, {hosts} máy chủ, "
        f"{len(lines)} kênh truyền với tổng băng thông {in_vi} Mbit/s, {video} phòng họp truyền hình và "
        f"{owned} hệ thống thông tin.",
        f"What is written down: sites {len(own)}, routers {machines}, hosts {hosts}, circuits {len(lines)} "
        f"({in_en} Mbit/s together), video rooms {video}, information systems {owned}.",
    )


def _units(one: Half) -> Iterator[Block]:
    yield units_table(one.beneath, one.measures)
    yield shares("controls-passed", one.scope, one.readings)
    yield shares("sites-dual", one.scope, one.readings)
    yield lacking_table(one.beneath)


def _network(one: Half) -> Iterator[Block]:
    if one.is_rollup:
        yield stages(sites(one.scope, one.readings))
    else:
        yield sites_table(one.scope, one.readings)
        yield circuits_table(one.scope, one.readings)
        yield rooms_table(one.scope, one.readings)
    if systems(one.scope, one.readings) or one.is_rollup:
        yield systems_table(one.scope, one.readings)


def _security(one: Half, naming: Naming) -> Iterator[Block]:
    found = list(findings(one.scope, one.readings))
    if not found:
        yield Paragraph(
            words("Trong kỳ chưa có đợt kiểm tra nào.", "There was no audit in the period."), "warn"
        )
    else:
        yield by_law("laws", found, naming)
        failed = of_verdict(found, Verdict.FAIL)
        heading, none = words("Nội dung chưa đạt", "What fails"), words("Không có.", "None.")
        table = controls_table if one.is_rollup else grouped
        yield table("failed", failed, naming, heading, none)
        yield waivers_table("waived", of_verdict(found, Verdict.WAIVED), naming, none)
    inventory, period = one.readings.inventory, one.readings.period
    heading = words("Diễn tập, rà soát, kiểm tra đã thực hiện", "Drills, reviews and tests")
    yield deeds_table(inventory, "records", heading, deeds(inventory, one.scope, period))
    yield incidents_table(inventory, incidents(inventory, one.scope, period), one.readings.made)


def _changes(one: Half) -> Iterator[Block]:
    found = {change.run.id: change for change, _ in changed(one.scope, one.readings)}
    mine = [
        replace(change, steps=tuple(step for step in change.steps if one.scope.has_machine(step.device)))
        for change in found.values()
    ]
    none = words("Trong kỳ không có thay đổi nào.", "Nothing was changed in the period.")
    yield changes_table("changes", mine, none)
