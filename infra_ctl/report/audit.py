"""One audit: what fails and what proves it, the worst first; what is waived, what nobody could judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from infra_ctl.audit import results
from infra_ctl.controls.finding import Finding, Key
from infra_ctl.controls.model import Words
from infra_ctl.errors import UnknownError
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.journal.records import Audit, RunState
from infra_ctl.outcome import Verdict
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
    Table,
    words,
)
from infra_ctl.report.findings import (
    DRAWN,
    Naming,
    by_law,
    compliance,
    controls_table,
    counted,
    drawn,
    findings_table,
    grouped,
    of_verdict,
    reason,
    waivers_table,
    worst_first,
)
from infra_ctl.report.framing import closing, opening
from infra_ctl.report.letterhead import inside, letterhead
from infra_ctl.report.period import Period, local
from infra_ctl.report.scope import Scope
from infra_ctl.report.spoken import spoken
from infra_ctl.report.wanted import Sources
from infra_ctl.report.wording import NONE, RUN_STATES, VERDICTS

TREND = 8
"""Audits, the newest ones."""
SEVERE = ("critical", "high")


@dataclass(frozen=True, slots=True)
class Which:
    """The audit that is meant: by its id, else the newest that ended, of a name, in a period."""

    id: str = ""
    name: str | None = None
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """An audit with what it found of the objects that are reported on."""

    audit: Audit
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> Mapping[Verdict, int]:
        return counted(self.findings)


def chosen(sources: Sources, which: Which) -> Audit | None:
    """None where nothing was audited. Raises UnknownError for an id or a name that nothing has."""
    if which.id:
        return _by_id(sources, which.id)
    scheduled = sources.city.inventory.schedule.audits
    journal, context = sources.journal, sources.context
    every = results.audits(journal, context, name=which.name) if journal else ()
    if which.name and not every and which.name not in scheduled:
        raise UnknownError(f"there is no audit called '{which.name}'{did_you_mean(which.name, scheduled)}")
    meant = (each for each in reversed(every) if which.period is None or which.period.holds(each.started))
    return next((each for each in meant if each.ended is not None), None)


def _by_id(sources: Sources, id: str) -> Audit:  # noqa: A002 - what it is
    found = results.audit(sources.journal, id) if sources.journal else None
    if found is None:
        raise UnknownError(f"there is no audit {id}: nothing was audited yet")
    if found.context != sources.context:
        raise UnknownError(f"audit {id} is of {found.context}, and not of {sources.context}")
    return found


def judged(sources: Sources, audit: Audit, scope: Scope) -> Judged:
    """What it found of a scope."""
    if sources.journal is None:
        return Judged(audit, ())
    found = results.findings(sources.journal, audit.id)
    return Judged(audit, tuple(each for each in found if scope.has(each.kind, each.object)))


def document(sources: Sources, which: Which, scope: Scope, made: datetime) -> Document:
    """The report. Raises UnknownError as `chosen`."""
    audit = chosen(sources, which)
    naming = Naming(sources.laws, sources.city.inventory)
    sections = _nothing(which) if audit is None else tuple(_sections(sources, audit, scope, naming))
    laws = audit.laws if audit else ()
    head, subject = letterhead(sources.city.inventory, scope.unit), _subject(audit, which, scope)
    return Document(
        kind="audit",
        subject=subject,
        head=head,
        sections=sections,
        made=made,
        context=sources.context,
        period=which.period,
        unit=scope.code,
        opening=opening(head, subject.vi),
        closing=closing(head),
        grounds=tuple(_ground(naming.law(law)) for law in laws),
    )


def _ground(law: Words) -> Words:
    return words(f"Căn cứ {law.vi}", f"Pursuant to {law.en}")


def _subject(audit: Audit | None, which: Which, scope: Scope) -> Words:
    vi, en = "Kết quả kiểm tra tuân thủ quy định về an toàn thông tin mạng", "Audit of information security"
    if scope.unit:
        vi, en = f"{vi} tại {inside(scope.unit.name)}", f"{en}, {scope.unit.name}"
    if audit is not None:
        day = local(audit.started)
        return words(f"{vi} ngày {day:%d/%m/%Y}", f"{en}, {day:%Y-%m-%d}")
    if which.period is not None:
        return words(f"{vi} {which.period.title.vi}", f"{en}, {which.period.title.en}")
    return words(vi, en)


def _nothing(which: Which) -> tuple[Section, ...]:
    text = words("Chưa có cuộc kiểm tra nào được thực hiện.", "Nothing was audited yet.")
    if which.period is not None:
        text = words("Trong kỳ không có cuộc kiểm tra nào.", "Nothing was audited in this period.")
    return (Section(words("Tình hình chung", "Summary"), (Paragraph(text),)),)


def _sections(sources: Sources, audit: Audit, scope: Scope, naming: Naming) -> Iterator[Section]:
    now = judged(sources, audit, scope)
    earlier = tuple(_earlier(sources, audit))
    before = judged(sources, earlier[-1], scope) if earlier else None
    fails = of_verdict(now.findings, Verdict.FAIL)
    yield Section(words("Tình hình chung", "Summary"), tuple(_summary(now, before, naming)))
    yield Section(words("Nội dung không đạt", "What fails"), tuple(_failing(fails, naming)))
    yield Section(words("Nội dung được miễn trừ", "What is waived"), tuple(_waived(now, fails, naming)))
    yield Section(
        words("Nội dung chưa đánh giá được", "What could not be judged"), tuple(_errors(now, naming))
    )
    yield Section(words("Nội dung không áp dụng", "What was not judged"), tuple(_skipped(now, naming)))
    yield Section(
        words("So với các cuộc kiểm tra trước", "Beside the audits before"),
        tuple(_trend(now, before, () if scope.unit else earlier, naming)),
    )


def _earlier(sources: Sources, audit: Audit) -> Iterator[Audit]:
    """Audits of the same that were done before it, oldest first: only these can be compared."""
    if sources.journal is None:
        return
    for each in results.audits(sources.journal, audit.context, until=audit.started):
        alike = (each.name, each.laws, each.where) == (audit.name, audit.laws, audit.where)
        if alike and each.state is RunState.DONE and each.id != audit.id:
            yield each


def _summary(now: Judged, before: Judged | None, naming: Naming) -> Iterator[Block]:
    audit = now.audit
    if audit.state is not RunState.DONE:
        yield Paragraph(
            words(
                f"Cuộc kiểm tra chưa hoàn thành: đã đánh giá {audit.judged}/{audit.objects} đối tượng.",
                f"The audit is not complete: {audit.judged} of {audit.objects} objects are judged.",
            ),
            "bad",
        )
    yield _about(audit, naming)
    yield Headlines("summary", tuple(_headlines(now, before)))
    yield _chart(now, naming)
    yield by_law("by_law", now.findings, naming)


def _about(audit: Audit, naming: Naming) -> Table:
    by_hand = words("(thực hiện theo yêu cầu)", "(asked for by hand)")
    everything = words("toàn bộ", "everything")
    laws = tuple(naming.law(law) for law in audit.laws)
    rows = (
        (Coded("id", words("Mã cuộc kiểm tra", "Audit")), audit.id),
        (Coded("name", words("Tên trong lịch kiểm tra", "Name in the schedule")), audit.name or by_hand),
        (Coded("laws", words("Văn bản áp dụng", "Laws")), _joined(laws)),
        (Coded("where", words("Phạm vi", "Of whom")), audit.where or everything),
        (Coded("objects", words("Số đối tượng", "Objects")), audit.objects),
        (Coded("started", words("Bắt đầu", "Began")), audit.started),
        (Coded("ended", words("Kết thúc", "Ended")), audit.ended),
        (Coded("state", words("Trạng thái", "State")), RUN_STATES[audit.state]),
        (Coded("by", words("Người thực hiện", "By")), f"{audit.user}@{audit.host}"),
        (Coded("inventory", words("Mã băm dữ liệu khai báo", "Inventory's digest")), audit.inventory[:16]),
    )
    columns = (Column("what", words("Nội dung", "What")), Column("value", words("Thông tin", "Value")))
    return Table("audit", words("Thông tin cuộc kiểm tra", "The audit"), columns, rows, NONE)


def _joined(each: Sequence[Words]) -> Words:
    return words("; ".join(one.vi for one in each), "; ".join(one.en for one in each))


def _headlines(now: Judged, before: Judged | None) -> Iterator[Headline]:
    def severe(of: Judged) -> int:
        return sum(each.verdict is Verdict.FAIL and each.severity in SEVERE for each in of.findings)

    counts, earlier = now.counts, before.counts if before else None
    share = compliance(counts)
    is_whole = 0 < share.part == share.whole
    yield Headline(
        "compliance",
        words("Tỷ lệ đạt", "In order"),
        share,
        compliance(earlier) if earlier else None,
        "good" if is_whole else "",
    )
    for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.WAIVED):
        coded = VERDICTS[verdict]
        title = words(coded.words.vi.capitalize(), coded.words.en.capitalize())
        tone = coded.tone if counts[verdict] else ""
        yield Headline(verdict, title, counts[verdict], earlier[verdict] if earlier else None, tone)
    many = severe(now)
    yield Headline(
        "severe",
        words("Không đạt ở mức cao, nghiêm trọng", "Fails that are high or critical"),
        many,
        severe(before) if before else None,
        "bad" if many else "",
    )


def _chart(now: Judged, naming: Naming) -> Bars:
    laws = {law: counted(f for f in now.findings if f.law == law) for law in now.audit.laws}
    bars = tuple(
        Bar(naming.short(law), *drawn(counts)) for law, counts in laws.items() if sum(counts.values())
    )
    title = words("Tỷ lệ đạt theo văn bản", "In order, by law")
    return Bars("laws", title, tuple(VERDICTS[each] for each in DRAWN), bars)


def _failing(fails: Sequence[Finding], naming: Naming) -> Iterator[Block]:
    none = words("Không có nội dung không đạt.", "Nothing fails.")
    title = words("Yêu cầu không đạt và biện pháp khắc phục", "What fails, and what is to be done")
    yield controls_table("failing", fails, naming, title, none)
    title = words("Chi tiết và bằng chứng", "In detail, with evidence")
    # It stands in the JSON though it has no rows: a page has said already that there are none.
    yield replace(grouped("failing_by_reason", fails, naming, title, none), is_data=not fails)
    yield findings_table("findings", fails, naming, title)


def _waived(now: Judged, fails: Iterable[Finding], naming: Naming) -> Iterator[Block]:
    waived = of_verdict(now.findings, Verdict.WAIVED)
    yield waivers_table("waived", waived, naming, words("Không có miễn trừ.", "Nothing is waived."))
    ended = [each for each in fails if each.waiver]
    if ended:
        yield Paragraph(
            words(
                f"{len(ended)} nội dung không đạt từng được miễn trừ, nay đã hết hiệu lực:",
                f"{len(ended)} of what fails was waived until its waiver ended:",
            ),
            "bad",
        )
    yield replace(waivers_table("expired", ended, naming, NONE), is_data=not ended)


def _errors(now: Judged, naming: Naming) -> Iterator[Block]:
    errors = of_verdict(now.findings, Verdict.ERROR)
    title = words("Thiếu bằng chứng, chưa được coi là đạt", "Evidence is missing: it is not in order")
    none = words("Mọi nội dung đều đánh giá được.", "Everything could be judged.")
    yield grouped("errors_by_reason", errors, naming, title, none)
    yield findings_table("errors", errors, naming, title)


def _skipped(now: Judged, naming: Naming) -> Iterator[Block]:
    if (left := now.audit.objects - now.audit.judged) > 0:
        yield Paragraph(
            words(f"{left} đối tượng chưa được kiểm tra.", f"{left} objects were not looked at."), "bad"
        )
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in of_verdict(now.findings, Verdict.SKIP):
        why = reason(each)
        groups.setdefault((each.law, each.control, why.en if why else ""), []).append(each)
    columns = (
        Column("law", words("Văn bản", "Law"), is_data=True),
        Column("control", words("Mã", "Control")),
        Column("title", words("Yêu cầu", "What is asked")),
        Column("reason", words("Lý do", "Why")),
        Column("objects", words("Số đối tượng", "Objects"), is_number=True),
    )
    rows = tuple(
        (each[0].law, each[0].control, naming.title(each[0]), reason(each[0]), len(each))
        for each in groups.values()
    )
    yield Table("skipped", words("Yêu cầu không áp dụng", "What does not apply"), columns, rows, NONE)


def _trend(now: Judged, before: Judged | None, earlier: Sequence[Audit], naming: Naming) -> Iterator[Block]:
    if before is None:
        text = words("Chưa có cuộc kiểm tra tương tự trước đó.", "There is none alike before.")
        yield Paragraph(text)
    of_each = [(each, each.counts) for each in earlier[1 - TREND :]]
    if before is not None and not of_each:
        of_each = [(before.audit, before.counts)]
    title = words("Kết quả các cuộc kiểm tra gần đây", "The audits of late")
    bars = tuple(_dated_bar(each, counts) for each, counts in (*of_each, (now.audit, now.counts)))
    yield Bars("trend", title, tuple(VERDICTS[each] for each in DRAWN), bars if before else ())
    failed = _failing_by_key(before) if before else {}
    fresh = [each for key, each in _failing_by_key(now).items() if before and key not in failed]
    title = words("Mới không đạt so với lần trước", "Fails now and did not before")
    yield replace(grouped("fresh", worst_first(fresh), naming, title, NONE), is_data=before is None)
    passing = {each.key for each in now.findings if each.verdict is Verdict.PASS}
    mended = worst_first(each for key, each in failed.items() if key in passing)
    title = words("Đã khắc phục so với lần trước", "Failed before and is in order now")
    yield replace(controls_table("mended", mended, naming, title, NONE), is_data=before is None)


def _dated_bar(audit: Audit, counts: Mapping[Verdict, int]) -> Bar:
    vi, en = spoken(audit.started, "vi"), spoken(audit.started, "en")
    return Bar(words(vi, en), *drawn(counts))


def _failing_by_key(of: Judged) -> Mapping[Key, Finding]:
    return {each.key: each for each in of.findings if each.verdict is Verdict.FAIL}
