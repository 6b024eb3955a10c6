"""Findings as people read them: worst first, by control, each with the very line that proves it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra_ctl.outcome import Verdict

if TYPE_CHECKING:
    from infra_ctl.controls.finding import Finding
    from infra_ctl.controls.model import Control, Law, Severity
    from infra_ctl.inventory.kinds import Language
    from infra_ctl.journal.records import Audit

BAD = (Verdict.FAIL, Verdict.ERROR)
"""What a command ends with exit code 3 for."""
SHOWN = 4
"""Objects of one control that are shown without -v."""
_SEVERITIES: Sequence[Severity] = ("critical", "high", "medium", "low")
_COUNTED = {
    Verdict.FAIL: "failed",
    Verdict.ERROR: "not judged",
    Verdict.PASS: "passed",
    Verdict.WAIVED: "waived",
    Verdict.SKIP: "not asked",
}


def bad(found: Iterable[Finding]) -> list[Finding]:
    """What is to be done something about."""
    return [each for each in found if each.verdict in BAD]


def listed(
    found: Iterable[Finding], laws: Mapping[str, Law], language: Language, most: int | None = SHOWN
) -> Iterator[str]:
    """A heading a control, a line an object; so many objects of each at most."""
    by_control: defaultdict[tuple[Verdict, str, str], list[Finding]] = defaultdict(list)
    for each in found:
        by_control[each.verdict, each.law, each.control].append(each)
    for _, same in sorted(by_control.items(), key=lambda item: rank(item[1][0])):
        yield f"\n{_head(same[0], laws, language)}"
        width = max(len(each.object) for each in same[:most])
        for each in same[:most]:
            yield from _quoted(each, width, whole=most is None)
        if most is not None and len(same) > most:
            yield f"    … and {len(same) - most} more: -v shows all"


def rank(each: Finding) -> tuple[int, int, str, str]:
    """Worst first."""
    return list(_COUNTED).index(each.verdict), _SEVERITIES.index(each.severity), each.law, each.control


def _head(each: Finding, laws: Mapping[str, Law], language: Language) -> str:
    """`FAIL   high      LOG-03  How long logs are kept   90d`."""
    control = control_of(each, laws)
    asked = f"   {each.threshold}" if each.threshold not in ("", "true") else ""
    title = control.title.of(language) if control else each.law
    return f"{each.verdict.upper():<6} {each.severity:<8} {each.control}  {title}{asked}"


def control_of(each: Finding, laws: Mapping[str, Law]) -> Control | None:
    """The control as it is today; None where the law has it no more."""
    law = laws.get(each.law)
    return law.controls.get(each.control) if law else None


def _quoted(each: Finding, width: int, *, whole: bool) -> Iterator[str]:
    """An object with the first line of its proof, or all that are kept."""
    lines = each.lines if whole else each.lines[:1]
    more = len(each.lines) - len(lines) + each.unquoted
    told = f"   … and {more} more line{'s' if more != 1 else ''}" if more else ""
    first, *others = [*map(str, lines), *([""] if not lines else [])]
    yield f"    {each.object:<{width}}   {first}{told if not others else ''}".rstrip()
    for number, line in enumerate(others, 2):
        yield f"    {'':<{width}}   {line}{told if number == len(lines) else ''}"


def whole(each: Finding, laws: Mapping[str, Law], language: Language) -> Iterator[str]:
    """One finding with all that is known of it."""
    yield _head(each, laws, language)
    control = control_of(each, laws)
    rows = [
        ("object", f"{each.object} ({each.kind}, level {each.level})"),
        ("law", f"{each.law}{f', {control.clause}' if control else ''}"),
        *(("why", reason.of(language)) for reason in each.reasons),
        *(("line", f"{line}") for line in each.lines),
        *([("line", f"… and {each.unquoted} more")] if each.unquoted else []),
        *([("waiver", each.waiver)] if each.waiver else []),
        *([("mend", control.remediation.of(language))] if control and each.verdict in BAD else []),
        ("taken", f"{each.taken:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    yield from (f"    {name:<7} {text}" for name, text in rows)


def counted(counts: Mapping[Verdict, int]) -> str:
    """`14 failed · 3 not judged · 312 passed`: what there is none of is left out."""
    return " · ".join(f"{counts[each]} {words}" for each, words in _COUNTED.items() if counts.get(each))


def as_dict(audit: Audit) -> dict[str, object]:
    """An audit as JSON has it: times with their zone."""
    return {
        "id": audit.id,
        "name": audit.name,
        "context": audit.context,
        "laws": audit.laws,
        "where": audit.where,
        "inventory": audit.inventory,
        "user": audit.user,
        "host": audit.host,
        "due": _utc(audit.due),
        "started": _utc(audit.started),
        "ended": _utc(audit.ended),
        "state": audit.state,
        "objects": audit.objects,
        "judged": audit.judged,
        "counts": audit.counts,
        "by_law": audit.by_law,
    }


def _utc(at: datetime | None) -> str | None:
    return at.replace(tzinfo=UTC).isoformat() if at else None
