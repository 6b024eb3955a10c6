"""What was changed in a period: by whom, why, on what, how it ended; what nobody explained comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from infra_ctl.controls.model import Words
from infra_ctl.journal.records import WELL, Run, RunState, Step
from infra_ctl.report.document import (
    Bar,
    Bars,
    Block,
    Cell,
    Coded,
    Column,
    Document,
    Headline,
    Headlines,
    Names,
    Paragraph,
    Section,
    Table,
    same,
    words,
)
from infra_ctl.report.framing import closing, opening
from infra_ctl.report.period import Period, local
from infra_ctl.report.scope import Scope
from infra_ctl.report.wanted import Sources, Wanted
from infra_ctl.report.wording import NONE, RUN_KINDS, RUN_STATES, STEP_STATES, about


@dataclass(frozen=True, slots=True)
class Change:
    """A run with what it had to do with, of what is reported on."""

    run: Run
    steps: tuple[Step, ...]
    undone_by: tuple[str, ...]

    @property
    def is_explained(self) -> bool:
        """Whether somebody said why; who takes something back says which run."""
        return bool(self.run.reason or self.run.ticket or self.run.undoes)

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(step.device for step in self.steps if step.state in WELL)


def document(sources: Sources, wanted: Wanted) -> Document:
    """The report."""
    found, before = (tuple(changes(sources, wanted, each)) for each in (wanted.period, wanted.period.before))
    sections = (
        Section(words("Tình hình chung", "Summary"), tuple(_summary(found, before))),
        Section(
            words("Thay đổi không rõ lý do", "Changes that nobody explained"),
            (
                changes_table(
                    "unexplained", [each for each in found if not each.is_explained], _NONE_UNEXPLAINED
                ),
            ),
        ),
        Section(
            words("Các thay đổi có lý do", "Changes with their reasons"),
            (changes_table("explained", [each for each in found if each.is_explained]),),
        ),
        Section(words("Việc không đạt", "What did not end well"), (_failures(found),)),
        Section(
            words("Sai khác ngoài các lần thay đổi", "What differs beside them"), (_drift(sources, wanted),)
        ),
    )
    head = wanted.head(sources.city.inventory)
    subject = about("Thay đổi trên hạ tầng mạng", "Changes of the network's infrastructure", wanted)
    return Document(
        kind="changes",
        subject=subject,
        head=head,
        sections=sections,
        made=wanted.made,
        context=sources.context,
        period=wanted.period,
        unit=wanted.scope.code,
        opening=opening(head, subject.vi),
        closing=closing(head),
    )


def changes(sources: Sources, wanted: Wanted, period: Period) -> Iterator[Change]:
    """Runs that began in a period and met an object of the scope, oldest first."""
    if sources.journal is None:
        return
    of_period = (
        Change(run, sources.journal.steps(run.id), sources.journal.undone_by(run.id))
        for run in reversed(sources.journal.runs(None, context=sources.context))
        if period.holds(run.started)
    )
    yield from within(wanted.scope, of_period)


def within(scope: Scope, found: Iterable[Change]) -> Iterator[Change]:
    """What of changes met an object of a scope; for the whole city those as well that met nothing."""
    for each in found:
        steps = tuple(step for step in each.steps if scope.has_machine(step.device))
        if steps or scope.unit is None:
            yield replace(each, steps=steps)


def _summary(found: tuple[Change, ...], before: tuple[Change, ...]) -> Iterator[Block]:
    if not found:
        yield Paragraph(
            words(
                "Trong kỳ không có lần thay đổi nào được ghi nhận.", "No change was recorded in this period."
            )
        )
    counts, earlier = _counts(found), _counts(before)
    titles = {
        "runs": words("Số lần thay đổi", "Changes"),
        "machines": words("Thiết bị, máy chủ đã thay đổi", "Devices and hosts changed"),
        "unexplained": words("Không rõ lý do", "Not explained"),
        "unwell": words("Không đạt", "Not ended well"),
        "undone": words("Đã hoàn tác", "Taken back"),
    }
    yield Headlines(
        "summary",
        tuple(
            Headline(
                key,
                title,
                counts[key],
                earlier[key],
                "bad" if key in ("unexplained", "unwell") and counts[key] else "",
            )
            for key, title in titles.items()
        ),
    )
    yield _trend(found)


def _counts(found: tuple[Change, ...]) -> Mapping[str, int]:
    return {
        "runs": len(found),
        "machines": len({name for each in found for name in each.changed}),
        "unexplained": sum(not each.is_explained for each in found),
        "unwell": sum(each.run.state not in (RunState.DONE, RunState.RUNNING) for each in found),
        "undone": sum(bool(each.undone_by) for each in found),
    }


def _trend(found: tuple[Change, ...]) -> Bars:
    """By month: what was explained, and what was not."""
    series = (
        Coded("explained", words("có lý do", "explained"), "good"),
        Coded("unexplained", words("không rõ lý do", "not explained"), "bad"),
    )
    counted = Counter((f"{local(each.run.started):%m/%Y}", each.is_explained) for each in found)
    months = dict.fromkeys(month for month, _ in counted)
    bars = tuple(Bar(same(month), (counted[month, True], counted[month, False])) for month in months)
    return Bars("months", words("Số lần thay đổi theo tháng", "Changes by month"), series, bars)


def changes_table(key: str, found: Iterable[Change], empty: Words = NONE) -> Table:
    """A row a run, with why and on what."""
    title = words("Các lần thay đổi, từ sớm đến muộn", "Changes, the earliest first")
    return Table(key, title, _COLUMNS, tuple(_row(each) for each in found), empty)


_NONE_UNEXPLAINED = words(
    "Không có: mọi thay đổi đều có lý do hoặc số phiếu.", "None: each has a reason or a ticket."
)
_COLUMNS = (
    Column("run", words("Mã", "Run")),
    Column("started", words("Bắt đầu", "Began")),
    Column("kind", words("Loại", "Kind")),
    Column("user", words("Người thực hiện", "By")),
    Column("reason", words("Lý do", "Reason")),
    Column("ticket", words("Số phiếu", "Ticket")),
    Column("machines", words("Thiết bị, máy chủ", "Devices and hosts")),
    Column("state", words("Kết quả", "Outcome")),
    Column("undone_by", words("Hoàn tác bởi", "Taken back by")),
)


def _row(each: Change) -> tuple[Cell, ...]:
    run, names = each.run, tuple(step.device for step in each.steps)
    return (
        run.id,
        run.started,
        RUN_KINDS.get(run.kind, Coded(run.kind, same(run.kind))),
        f"{run.user}@{run.host}",
        run.reason or (words(f"hoàn tác {run.undoes}", f"takes back {run.undoes}") if run.undoes else None),
        run.ticket or None,
        Names(names),
        RUN_STATES[run.state],
        ", ".join(each.undone_by) or None,
    )


def _failures(found: Iterable[Change]) -> Table:
    rows = tuple(
        (each.run.id, step.device, STEP_STATES[step.state], step.cause or None)
        for each in found
        for step in each.steps
        if step.state not in WELL
    )
    columns = (
        Column("run", words("Mã", "Run")),
        Column("machine", words("Thiết bị, máy chủ", "Device or host")),
        Column("state", words("Trạng thái", "State")),
        Column("cause", words("Nguyên nhân", "Cause")),
    )
    title = words(
        "Thiết bị, máy chủ không đạt trạng thái dự kiến", "Devices and hosts that are not as intended"
    )
    return Table("failures", title, columns, rows, NONE)


def _drift(sources: Sources, wanted: Wanted) -> Table:
    """What was seen to differ when it was last looked at, in the period."""
    looks = sources.journal.looks(sources.context) if sources.journal else {}
    rows = tuple(
        (look.object, look.at, look.right)
        for _, look in sorted(looks.items())
        if look.drifted and wanted.period.holds(look.at) and wanted.scope.has_machine(look.object)
    )
    columns = (
        Column("machine", words("Thiết bị, máy chủ", "Device or host")),
        Column("looked", words("Kiểm tra lúc", "Looked at")),
        Column("right", words("Lần cuối đúng cấu hình", "Last seen right")),
    )
    title = words(
        "Cấu hình đang chạy khác cấu hình được phê duyệt, theo lần kiểm tra gần nhất",
        "Running otherwise than intended, at the last look",
    )
    return Table("drift", title, columns, rows, NONE)
