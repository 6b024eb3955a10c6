"""The yearly security report with its list of systems by level (Decree 331/2026; decision of 2021, 523-650).

The decree's form was not seen: this has what is known of it, and a city may lay it out otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from infra_ctl.controls.finding import Finding
from infra_ctl.errors import UnknownError
from infra_ctl.inventory.recorded import Incident, Recorded
from infra_ctl.outcome import Verdict
from infra_ctl.report.called import APPROVALS
from infra_ctl.report.changes import Change, within
from infra_ctl.report.compared import targets_table
from infra_ctl.report.deeds import deeds, deeds_table, incidents, incidents_table, is_late
from infra_ctl.report.document import (
    Bar,
    Bars,
    Block,
    Coded,
    Column,
    Document,
    Headline,
    Headlines,
    Paragraph,
    Section,
    Share,
    Table,
    Tone,
    words,
)
from infra_ctl.report.findings import (
    DRAWN,
    Naming,
    capital,
    compliance,
    controls_table,
    counted,
    drawn,
    of_verdict,
    waivers_table,
)
from infra_ctl.report.framing import closing, opening, said
from infra_ctl.report.level_list import LEVEL_LAWS, Standing, level_list, standings
from infra_ctl.report.measured import findings
from infra_ctl.report.period import Period, local
from infra_ctl.report.readings import Readings
from infra_ctl.report.rollup import parts, whole
from infra_ctl.report.scope import Scope
from infra_ctl.report.wanted import Sources, Wanted
from infra_ctl.report.wording import NONE, RUN_STATES, VERDICTS, about

KIND = "yearly"


@dataclass(frozen=True, slots=True)
class Year:
    """What is known of one year, of what is reported on."""

    findings: tuple[Finding, ...]
    """The last of each object and control in audits within the year, by the laws that ask by level."""
    incidents: tuple[Incident, ...]
    deeds: tuple[Recorded, ...]
    changes: tuple[Change, ...]

    @property
    def drills(self) -> tuple[Recorded, ...]:
        return tuple(each for each in self.deeds if each.kind == "drill")

    @property
    def compliance(self) -> Share | None:
        """Nothing where nothing was judged."""
        share = compliance(counted(self.findings))
        return share if share.whole else None


def reporting_year(of: Period) -> Period:
    """From 15 December to 14 December, as the decree counts. Raises UnknownError for what is no year."""
    if not of.name.isdecimal():
        raise UnknownError(f"a yearly report is of a year, such as {of.first.year}, and not of {of.name}")
    year = int(of.name)
    return Period(of.name, of.title, date(year - 1, 12, 15), date(year, 12, 14))


def document(sources: Sources, wanted: Wanted, read: Readings, read_before: Readings) -> Document:
    """The report, from what was read of its reporting year and of the one before."""
    inventory, scope, period = sources.city.inventory, wanted.scope, read.period
    now, before = (year(scope, each) for each in (read, read_before))
    listed = standings(inventory, scope, now.findings, period.last)
    naming, head = Naming(sources.laws, inventory), wanted.head(inventory, KIND)
    subject = about("Tình hình bảo đảm an toàn thông tin mạng", "Information security", wanted)
    measures = whole(scope, read, parts(scope, read))
    targets = targets_table(sources.mandates, measures, scope, period)
    return Document(
        kind=KIND,
        subject=subject,
        head=head,
        sections=(
            *_sections(read, (now, before), listed, naming),
            Section(words("Chỉ tiêu, nhiệm vụ được giao", "Targets of governing documents"), (targets,)),
            *said(wanted, inventory, KIND),
        ),
        made=wanted.made,
        context=sources.context,
        period=period,
        unit=scope.code,
        grounds=_GROUNDS,
        opening=opening(head, subject.vi),
        closing=closing(head),
    )


_GROUNDS = (
    words("Căn cứ Luật An ninh mạng số 116/2025/QH15", "Pursuant to the Law on Cybersecurity 116/2025/QH15"),
    words("Căn cứ Nghị định số 331/2026/NĐ-CP", "Pursuant to Decree 331/2026/NĐ-CP"),
)


def year(scope: Scope, read: Readings) -> Year:
    """What of a year is of a scope."""
    return Year(
        tuple(each for each in findings(scope, read) if each.law in LEVEL_LAWS),
        incidents(read.inventory, scope, read.period),
        deeds(read.inventory, scope, read.period),
        tuple(within(scope, read.changes)),
    )


def _sections(
    read: Readings, years: tuple[Year, Year], listed: Sequence[Standing], naming: Naming
) -> Iterator[Section]:
    inventory, (now, before) = read.inventory, years
    yield Section(
        words("Tình hình chung", "Summary"), (_span(read), *_summary(now, before, listed, read.made))
    )
    yield Section(
        words("Hệ thống thông tin theo cấp độ", "Systems by level"), (_levels(listed), level_list(listed))
    )
    yield Section(
        words("Kết quả kiểm tra theo cấp độ", "What audits found"), tuple(_found(now, before, naming))
    )
    waived = of_verdict(now.findings, Verdict.WAIVED)
    none = words("Không có miễn trừ.", "Nothing is waived.")
    yield Section(words("Miễn trừ", "Waivers"), (waivers_table("waived", waived, naming, none),))
    yield Section(
        words("Sự cố an toàn thông tin", "Incidents"), (incidents_table(inventory, now.incidents, read.made),)
    )
    others = [each for each in now.deeds if each.kind != "drill"]
    yield Section(
        words("Diễn tập và hoạt động định kỳ", "Drills and what is due regularly"),
        (
            deeds_table(inventory, "drills", words("Diễn tập ứng cứu sự cố", "Drills"), now.drills),
            deeds_table(inventory, "deeds", words("Hoạt động định kỳ", "What was done regularly"), others),
        ),
    )
    yield Section(words("Thay đổi hạ tầng trong năm", "Changes of the year"), (_changes(now, before),))


def _span(read: Readings) -> Paragraph:
    """Of which days it is: a year that is not over yet is reported as far as it has come."""
    first, last = read.period.first, min(read.period.last, local(read.made).date())
    if last < first:
        return Paragraph(words("Kỳ báo cáo chưa bắt đầu.", "The period has not begun."), "warn")
    vi = f"Số liệu từ ngày {first:%d/%m/%Y} đến hết ngày {last:%d/%m/%Y}."
    return Paragraph(words(vi, f"From {first} to {last}."))


def _summary(now: Year, before: Year, listed: Sequence[Standing], made: datetime) -> Iterator[Block]:
    if not (now.findings or now.incidents or now.deeds or now.changes):
        nothing = words("Trong kỳ không có số liệu nào được ghi nhận.", "Nothing is stored of this period.")
        yield Paragraph(nothing)
    approved = Share(sum(each.is_approved for each in listed), len(listed))
    full = Share(sum(each.measures.code == "full" for each in listed), len(listed))
    late, late_before = (sum(is_late(each, made) for each in year.incidents) for year in (now, before))
    yield Headlines(
        "summary",
        (
            Headline("systems", words("Hệ thống thông tin", "Information systems"), len(listed)),
            Headline("approved", words("Đã phê duyệt cấp độ", "With an approved level"), approved),
            Headline("full", words("Đáp ứng đầy đủ biện pháp", "With all measures"), full),
            Headline("compliance", words("Yêu cầu đạt", "In order"), now.compliance, before.compliance),
            Headline("incidents", words("Sự cố", "Incidents"), len(now.incidents), len(before.incidents)),
            Headline(
                "late",
                words("Sự cố báo cáo không đúng hạn", "Incidents told of late"),
                late,
                late_before,
                "bad" if late else "",
            ),
            Headline("drills", words("Lần diễn tập", "Drills"), len(now.drills), len(before.drills)),
            Headline("changes", words("Lần thay đổi", "Changes"), len(now.changes), len(before.changes)),
        ),
    )


def _levels(listed: Sequence[Standing]) -> Bars:
    """How far the dossiers are, level by level."""
    series = tuple(replace(APPROVALS[state], tone=tone) for state, tone in _DOSSIERS.items())
    counts = Counter((each.system.level, each.system.approval.state) for each in listed)
    bars = tuple(
        Bar(words(f"Cấp độ {level}", f"Level {level}"), tuple(counts[level, state] for state in _DOSSIERS))
        for level in sorted({each.system.level for each in listed}, reverse=True)
    )
    return Bars("levels", words("Hồ sơ đề xuất cấp độ", "Dossiers by level"), series, bars)


_DOSSIERS: Mapping[Literal["approved", "appraised", "sent", "draft", "none"], Tone] = {
    "approved": "good",
    "appraised": "",
    "sent": "warn",
    "draft": "muted",
    "none": "bad",
}
"""As far as they come, and what they are drawn in."""


def _found(now: Year, before: Year, naming: Naming) -> Iterator[Block]:
    if not now.findings:
        none = words("Trong kỳ không có cuộc kiểm tra nào.", "Nothing was audited in this period.")
        yield Paragraph(none, "bad")
        return
    yield _years(now, before)
    yield _by_level(now, before)
    title = words("Yêu cầu không đạt và biện pháp khắc phục", "What fails, and what is to be done")
    none = words("Không có nội dung không đạt.", "Nothing fails.")
    yield controls_table("failing", of_verdict(now.findings, Verdict.FAIL), naming, title, none)
    title = words(
        "Yêu cầu chưa đánh giá được, thiếu bằng chứng", "What could not be judged: evidence is missing"
    )
    errors = controls_table("errors", of_verdict(now.findings, Verdict.ERROR), naming, title, NONE)
    yield Table(
        errors.key, errors.title, errors.columns[:-1], tuple(row[:-1] for row in errors.rows), errors.empty
    )


def _years(now: Year, before: Year) -> Bars:
    bars = tuple(
        Bar(words(vi, en), *drawn(counts))
        for vi, en, counts in (
            ("Năm trước", "The year before", counted(before.findings)),
            ("Năm nay", "This year", counted(now.findings)),
        )
        if sum(counts.values())
    )
    title = words("Kết quả kiểm tra so với năm trước", "What audits found, beside the year before")
    return Bars("years", title, tuple(VERDICTS[each] for each in DRAWN), bars)


def _by_level(now: Year, before: Year) -> Table:
    earlier = _counts_by_level(before.findings)
    rows = tuple(
        (level, *_counts(counts), compliance(earlier.get(level, {})))
        for level, counts in sorted(_counts_by_level(now.findings).items(), reverse=True)
    )
    columns = (
        Column("level", words("Cấp độ", "Level"), is_number=True),
        *(Column(each, capital(VERDICTS[each].words), is_number=True) for each in DRAWN),
        Column("compliance", words("Tỷ lệ đạt", "In order"), is_number=True),
        Column("before", words("Năm trước", "The year before"), is_number=True),
    )
    title = words("Kết quả theo cấp độ của đối tượng", "By the level of what was looked at")
    return Table("by_level", title, columns, rows, NONE)


def _counts(counts: Mapping[Verdict, int]) -> tuple[int | Share, ...]:
    numbers, share = drawn(counts)
    return *numbers, share


def _counts_by_level(found: Sequence[Finding]) -> Mapping[int, Mapping[Verdict, int]]:
    levels = sorted({each.level for each in found})
    return {level: counted(each for each in found if each.level == level) for level in levels}


def _changes(now: Year, before: Year) -> Table:
    def count(of: Year, state: str) -> int:
        return sum(each.run.state == state for each in of.changes)

    rows = (
        *((coded, count(now, state), count(before, state)) for state, coded in RUN_STATES.items()),
        (
            Coded("unexplained", words("không rõ lý do", "not explained"), "bad"),
            sum(not each.is_explained for each in now.changes),
            sum(not each.is_explained for each in before.changes),
        ),
    )
    columns = (
        Column("what", words("Kết quả", "Outcome")),
        Column("now", words("Năm nay", "This year"), is_number=True),
        Column("before", words("Năm trước", "The year before"), is_number=True),
    )
    note = words(
        "Danh sách từng lần thay đổi có trong báo cáo thay đổi.", "Each of them is in the report of changes."
    )
    return Table("changes", words("Số lần thay đổi", "Changes"), columns, rows, NONE, note)
