"""Findings as rows and counts: what every report on audits says of them alike."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Control, Law, Words
from infra_ctl.inventory.models import Inventory
from infra_ctl.outcome import Verdict
from infra_ctl.report.document import Cell, Coded, Column, Lines, Names, Share, Table, same, words
from infra_ctl.report.wording import KINDS, NONE, SEVERITIES, VERDICTS

APPLIES = (Verdict.PASS, Verdict.FAIL, Verdict.WAIVED, Verdict.ERROR)
"""What is asked of an object: what nobody could judge is a part of it, and no part that is in order."""
_WORST = {severity: place for place, severity in enumerate(SEVERITIES)}
_UNITS = {"s": ("giây", "seconds"), "m": ("phút", "minutes"), "h": ("giờ", "hours"), "d": ("ngày", "days")}


class Naming:
    """What controls and objects are called."""

    def __init__(self, laws: Mapping[str, Law], inventory: Inventory) -> None:
        self._laws = laws
        named = (("site", inventory.sites), ("system", inventory.systems))
        self._objects = {(kind, key): each.name for kind, table in named for key, each in table.items()}

    def control(self, finding: Finding) -> Control | None:
        """As it is written now; nothing where its law no longer has it."""
        law = self._laws.get(finding.law)
        return law.controls.get(finding.control) if law else None

    def title(self, finding: Finding) -> Words:
        control = self.control(finding)
        return control.title if control else same("")

    def clause(self, finding: Finding) -> str:
        """Marked where its figure is none of the text's; which, is in the control itself."""
        control = self.control(finding)
        return re.sub(r" \([^)]*\)", f" {_MARK}", control.clause) if control else ""

    def remediation(self, finding: Finding) -> Words | None:
        control = self.control(finding)
        return control.remediation if control else None

    def law(self, name: str) -> Words:
        law = self._laws.get(name)
        return law.title if law else same(name)

    def short(self, name: str) -> Words:
        """`TCVN 14423:2026`: what stands before the colon."""
        title = self.law(name)
        return words(title.vi.partition(": ")[0], title.en.partition(": ")[0])

    def object(self, finding: Finding) -> Coded:
        """Its name, and what people call it."""
        return Coded(finding.object, same(self._called(finding)))

    def objects(self, found: Sequence[Finding]) -> Names:
        """All their names; what people call it, where it is one alone."""
        called = self._called(found[0]) if len(found) == 1 else ""
        return Names(tuple(each.object for each in found), called=called)

    def _called(self, finding: Finding) -> str:
        known = self._objects.get((finding.kind, finding.object))
        return f"{finding.object} · {known}" if known else finding.object


def counted(found: Iterable[Finding]) -> Mapping[Verdict, int]:
    counts = Counter(each.verdict for each in found)
    return {verdict: counts[verdict] for verdict in Verdict}


def compliance(counts: Mapping[Verdict, int]) -> Share:
    """What is in order, of all that is asked."""
    return Share(counts.get(Verdict.PASS, 0), sum(counts.get(verdict, 0) for verdict in APPLIES))


DRAWN = (Verdict.PASS, Verdict.WAIVED, Verdict.ERROR, Verdict.FAIL)
"""What a bar has, from left to right: what was judged."""


def drawn(counts: Mapping[Verdict, int]) -> tuple[tuple[int, ...], Share]:
    """A bar of verdicts, and the share that is in order."""
    return tuple(counts.get(verdict, 0) for verdict in DRAWN), compliance(counts)


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    """By severity, then control by control, in the order of objects."""
    return sorted(found, key=lambda each: (_WORST[each.severity], each.law, each.control))


def of_verdict(found: Iterable[Finding], verdict: Verdict) -> list[Finding]:
    return worst_first(each for each in found if each.verdict is verdict)


def by_law(key: str, found: Sequence[Finding], naming: Naming) -> Table:
    """How many of each verdict, law by law and the worst severity first."""
    groups: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in found:
        groups[each.law, each.severity].append(each)
    laws = dict.fromkeys(each.law for each in found)
    rows = tuple(
        (Coded(law, naming.short(law)), coded, *_counts(groups[law, severity]))
        for law in laws
        for severity, coded in SEVERITIES.items()
        if (law, severity) in groups
    )
    columns = (
        Column("law", words("Văn bản", "Law")),
        Column("severity", words("Mức độ", "Severity")),
        *(Column(verdict, capital(each.words), is_number=True) for verdict, each in VERDICTS.items()),
        Column("compliance", words("Tỷ lệ đạt", "In order"), is_number=True),
    )
    title = words("Kết quả theo văn bản và mức độ", "By law and severity")
    return Table(key, title, columns, rows, words("Không có.", "None."))


def _counts(found: Iterable[Finding]) -> tuple[int | Share, ...]:
    counts = counted(found)
    return *(counts[verdict] for verdict in VERDICTS), compliance(counts)


def controls_table(key: str, found: Sequence[Finding], naming: Naming, title: Words, empty: Words) -> Table:
    """Each control once, with how many objects it is about and what is to be done."""
    groups: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in found:
        groups[each.law, each.control].append(each)
    columns = (
        Column("severity", words("Mức độ", "Severity")),
        Column("control", words("Mã", "Control")),
        Column("title", words("Yêu cầu", "What is asked")),
        Column("law", words("Văn bản", "Law"), is_data=True),
        Column("clause", words("Điều, khoản", "Clause")),
        Column("objects", words("Số đối tượng", "Objects"), is_number=True),
        Column("remediation", words("Biện pháp khắc phục", "Remediation")),
    )
    rows = tuple(
        (
            SEVERITIES[first.severity],
            first.control,
            naming.title(first),
            first.law,
            naming.clause(first),
            len(each),
            naming.remediation(first),
        )
        for each in groups.values()
        for first in each[:1]
    )
    is_ours = any(_MARK in naming.clause(each) for each in found)
    return Table(key, title, columns, rows, empty, _OURS if is_ours else None)


_MARK = "(*)"
_OURS = words(
    f"{_MARK} Văn bản không nêu con số cụ thể: mức áp dụng do hệ thống đề xuất.",
    f"{_MARK} The text gives no figure: the one that is asked is ours.",
)


def findings_table(key: str, found: Iterable[Finding], naming: Naming, title: Words) -> Table:
    """Each finding with its reasons and the lines that prove it, for who counts with them."""
    columns = (
        *_WHAT,
        Column("level", words("Cấp độ", "Level"), is_number=True),
        Column("asked", words("Ngưỡng", "Asked")),
        Column("reason", words("Nhận xét", "Reason")),
        Column("lines", words("Bằng chứng", "Evidence")),
        Column("waiver", words("Miễn trừ", "Waiver"), is_data=True),
        Column("taken", words("Thu thập lúc", "Taken"), is_data=True),
    )
    rows = tuple(
        (
            *_what(each, naming),
            each.level,
            asked(each.threshold),
            reason(each),
            Lines(tuple(str(line) for line in each.lines), each.unquoted) if each.lines else None,
            each.waiver or None,
            each.taken,
        )
        for each in found
    )
    return Table(key, title, columns, rows, NONE, is_data=True)


def grouped(key: str, found: Iterable[Finding], naming: Naming, title: Words, empty: Words) -> Table:
    """What is said alike of several objects, once: what is asked, of whom, why, and what proves it."""
    groups: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for each in found:
        why = reason(each)
        groups[each.law, each.control, each.threshold, why.vi if why else ""].append(each)
    columns = (
        Column("severity", words("Mức độ", "Severity")),
        Column("law", words("Văn bản", "Law"), is_data=True),
        Column("control", words("Mã", "Control")),
        Column("objects", words("Đối tượng", "Objects")),
        Column("asked", words("Ngưỡng", "Asked")),
        Column("reason", words("Nhận xét", "Reason")),
        Column("lines", words("Bằng chứng", "Evidence")),
    )
    rows = tuple(
        (
            SEVERITIES[first.severity],
            first.law,
            first.control,
            naming.objects(each),
            asked(first.threshold),
            reason(first),
            _proof(each),
        )
        for each in groups.values()
        for first in each[:1]
    )
    return Table(key, title, columns, rows, empty)


def _proof(found: Sequence[Finding]) -> Lines | None:
    """The lines of one object, or what all have alike; else those of each, with whose they are."""
    alike = {(tuple(str(line) for line in each.lines), each.unquoted) for each in found}
    if len(alike) == 1:
        ((lines, more),) = alike
        return Lines(lines, more, QUOTED) if lines else None
    lines = tuple(f"{each.object}  {line}" for each in found for line in each.lines)
    return Lines(lines, sum(each.unquoted for each in found), QUOTED)


QUOTED = 6
"""Lines that a page shows: twenty packages that wait were two pages of a ward's report. The data have all."""


def waivers_table(key: str, found: Iterable[Finding], naming: Naming, empty: Words) -> Table:
    """What is let be, why, and who answers for it until when: each waiver once, with all that it is of."""
    groups: defaultdict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for each in found:
        groups[each.law, each.control, each.waiver].append(each)
    columns = (
        Column("severity", words("Mức độ", "Severity")),
        Column("law", words("Văn bản", "Law"), is_data=True),
        Column("control", words("Mã", "Control")),
        Column("objects", words("Đối tượng", "Objects")),
        Column("reason", words("Lý do miễn trừ", "Why it is waived")),
        Column("approver", words("Người phê duyệt", "Approved by")),
        Column("until", words("Đến hết ngày", "Until")),
    )
    rows = tuple(
        (SEVERITIES[each[0].severity], law, control, naming.objects(each), *waiver(said))
        for (law, control, said), each in groups.items()
    )
    return Table(key, words("Danh mục miễn trừ", "Waivers"), columns, rows, empty)


_WHAT = (
    Column("severity", words("Mức độ", "Severity")),
    Column("law", words("Văn bản", "Law"), is_data=True),
    Column("control", words("Mã", "Control")),
    Column("kind", words("Loại", "Kind"), is_data=True),
    Column("object", words("Đối tượng", "Object")),
)


def _what(finding: Finding, naming: Naming) -> tuple[Cell, ...]:
    severity, kind = SEVERITIES[finding.severity], KINDS[finding.kind]
    return severity, finding.law, finding.control, kind, naming.object(finding)


def waiver(text: str) -> tuple[str, str | None, date | str | None]:
    """Reason, approver and last day of a waiver as findings keep it: `reason · approver · since → until`."""
    parts = text.rsplit(" · ", 2)
    if len(parts) != 3:
        return text, None, None
    until = parts[2].rpartition("→")[2].strip()
    try:
        return parts[0], parts[1], date.fromisoformat(until)
    except ValueError:
        return parts[0], parts[1], until


def asked(threshold: str) -> Words | str | None:
    """`90d` is 90 days; nothing where a level asks without a figure."""
    if threshold in ("", "true"):
        return None
    found = re.fullmatch("([0-9]+)([smhd])", threshold)
    if found is None:
        return threshold
    vi, en = _UNITS[found[2]]
    return words(f"{found[1]} {vi}", f"{found[1]} {en if found[1] != '1' else en[:-1]}")


def reason(finding: Finding) -> Words | None:
    """All that is said of it, in one paragraph."""
    if not finding.reasons:
        return None
    vi, en = ([each.of(language) for each in finding.reasons] for language in ("vi", "en"))
    return words(" ".join(vi), " ".join(en))


def capital(text: Words) -> Words:
    """As it stands at the head of a column."""
    return words(text.vi[:1].upper() + text.vi[1:], text.en[:1].upper() + text.en[1:])
