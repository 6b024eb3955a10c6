"""Information systems with their levels: who answers for each, its dossier, what of it is in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.finding import Finding
from infra_ctl.inventory.models import Inventory, System
from infra_ctl.inventory.recorded import Recorded
from infra_ctl.outcome import Verdict
from infra_ctl.report.called import APPROVALS
from infra_ctl.report.document import Cell, Coded, Column, Share, Table, same, words
from infra_ctl.report.scope import Scope

LEVEL_LAWS = ("tcvn-14423-2026", "tcvn-11930-2017")
"""Laws that ask by level, the one in force first; an earlier one counts where nobody judged by it."""

FULL = Coded("full", words("đầy đủ", "in full"), "good")
PART = Coded("part", words("một phần", "in part"), "warn")
NONE_OF_THEM = Coded("none", words("chưa đáp ứng", "none"), "bad")
NOT_JUDGED = Coded("not-judged", words("chưa kiểm tra", "not judged"), "muted")


@dataclass(frozen=True, slots=True)
class Standing:
    """A system, and what is known of it on the last day of a period."""

    system: System
    owner: str
    operators: tuple[str, ...]
    """Units of the sites on which it runs."""
    regulation: Recorded | None
    findings: tuple[Finding, ...]
    """Of the system and of the hosts on which it runs, by one law."""

    @property
    def is_approved(self) -> bool:
        return self.system.approval.state == "approved"

    @property
    def in_order(self) -> Share:
        """Controls that hold everywhere, of those that are asked; what is waived or unknown does not hold."""
        verdicts: defaultdict[str, set[Verdict]] = defaultdict(set)
        for each in self.findings:
            if each.verdict is not Verdict.SKIP:
                verdicts[each.control].add(each.verdict)
        return Share(sum(found == {Verdict.PASS} for found in verdicts.values()), len(verdicts))

    @property
    def measures(self) -> Coded:
        """Whether what its level asks is there: in full, in part, or nothing of it."""
        share = self.in_order
        if not share.whole:
            return NOT_JUDGED
        if share.part == share.whole:
            return FULL
        return PART if share.part else NONE_OF_THEM

    @property
    def inspected(self) -> date | None:
        return max((each.taken for each in self.findings), default=None)


def standings(
    inventory: Inventory, scope: Scope, findings: Iterable[Finding], day: date
) -> tuple[Standing, ...]:
    """Systems that a scope owns, the highest level first; `day` is the last of the period."""
    by_object: defaultdict[tuple[Kind, str], list[Finding]] = defaultdict(list)
    for each in findings:
        by_object[each.kind, each.object].append(each)
    systems = [each for each in inventory.systems.values() if scope.has("system", each.id)]
    return tuple(
        Standing(
            system,
            _unit(inventory, system.owner),
            tuple(dict.fromkeys(_operators(inventory, system))),
            _regulation(inventory, system, day),
            _by_one_law(system, by_object),
        )
        for system in sorted(systems, key=lambda each: -each.level)
    )


def _unit(inventory: Inventory, code: str) -> str:
    unit = inventory.units.get((inventory.edition, code))
    return unit.name if unit else code


def _operators(inventory: Inventory, system: System) -> Iterator[str]:
    for host in system.runs_on:
        yield _unit(inventory, inventory.sites[inventory.hosts[host].site].unit)


def _regulation(inventory: Inventory, system: System, day: date) -> Recorded | None:
    """The last one that is in force on a day."""
    found = (
        each
        for each in inventory.records or ()
        if each.kind == "regulation" and system.id in each.of and each.date <= day
        if each.until is None or day <= each.until
    )
    return max(found, key=lambda each: each.date, default=None)


def _by_one_law(system: System, found: Mapping[tuple[Kind, str], list[Finding]]) -> tuple[Finding, ...]:
    objects: list[tuple[Kind, str]] = [("system", system.id), *(("host", host) for host in system.runs_on)]
    every = [each for key in objects for each in found.get(key, ())]
    for law in LEVEL_LAWS:
        if by_it := tuple(each for each in every if each.law == law):
            return by_it
    return ()


def level_list(found: Iterable[Standing]) -> Table:
    """The list that the yearly report has to have."""
    columns = (
        Column("system", words("Hệ thống thông tin", "Information system")),
        Column("units", words("Chủ quản; đơn vị vận hành", "Owner; operator")),
        Column("owner", words("Chủ quản", "Owner"), is_data=True),
        Column("operator", words("Đơn vị vận hành", "Operator"), is_data=True),
        Column("level", words("Cấp độ", "Level"), is_number=True),
        Column("approval", words("Hồ sơ cấp độ", "Dossier")),
        Column("approved_by", words("Quyết định phê duyệt", "Decision")),
        Column("decision", words("Số quyết định", "Decision number"), is_data=True),
        Column("decided", words("Ngày phê duyệt", "Decided on"), is_data=True),
        Column("regulation", words("Quy chế", "Regulation")),
        Column("measures", words("Biện pháp bảo vệ", "Measures")),
        Column("in_order", words("Yêu cầu đạt", "In order"), is_number=True),
        Column("inspected", words("Kiểm tra lúc", "Inspected")),
    )
    title = words("Danh mục hệ thống thông tin theo cấp độ an toàn", "Information systems by security level")
    none = words("Đơn vị không làm chủ quản hệ thống thông tin nào.", "It owns no information system.")
    return Table("systems", title, columns, tuple(_row(each) for each in found), none)


def _row(each: Standing) -> tuple[Cell, ...]:
    system, operators = each.system, ", ".join(each.operators)
    approval = system.approval
    return (
        Coded(system.id, same(system.name)),
        same("; ".join(dict.fromkeys(filter(None, (each.owner, operators))))),
        each.owner,
        operators,
        system.level,
        APPROVALS[approval.state],
        _dated(approval.decision, approval.date),
        approval.decision,
        approval.date,
        _regulated(each.regulation),
        each.measures,
        each.in_order,
        each.inspected,
    )


def _regulated(regulation: Recorded | None) -> Cell:
    return _dated(regulation.number or regulation.title, regulation.date) if regulation else None


def _dated(number: str | None, day: date | datetime | None) -> Cell:
    """`103/QĐ-STTTT ngày 30/06/2020`."""
    if not number or day is None:
        return number
    return words(f"{number} ngày {day:%d/%m/%Y}", f"{number} of {day:%Y-%m-%d}")
