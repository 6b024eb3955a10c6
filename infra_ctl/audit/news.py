"""What is new in an audit, seen against the audit of its name before it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeAlias, get_args

from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Law, Words
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.kinds import Language
from infra_ctl.inventory.waivers import Waiver
from infra_ctl.journal.records import Audit
from infra_ctl.outcome import Verdict

Group: TypeAlias = Literal["broken", "mended", "waived", "ending", "gone", "standing"]
"""broken   fails, or cannot be judged, and was otherwise
mended   is well, and was broken or waived
waived   somebody answers for it from now on
ending   its waiver's last day has come near
gone     was broken, and is asked no more
standing is broken as it was: no news"""
GROUPS: tuple[Group, ...] = get_args(Group)
BAD = frozenset({Verdict.FAIL, Verdict.ERROR})
NEAR = timedelta(days=14)
"""Before a waiver's last day: time to mend it, or to ask again."""
FORM = 1
"""Of news as JSON."""
MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """A finding as it is told: with its control's title, its reasons, and the first line that proves it."""

    law: str
    control: str
    kind: str
    object: str
    severity: str
    verdict: Verdict
    title: Mapping[Language, str]
    reasons: tuple[Mapping[Language, str], ...]
    line: str
    waiver: str


@dataclass(frozen=True, slots=True)
class News:
    """What changed between two audits of a name; `before` is empty for the first one."""

    audit: str
    before: str
    name: str
    context: str
    laws: tuple[str, ...]
    where: str
    started: datetime
    """UTC, without a zone, as `ended`."""
    ended: datetime
    counts: Mapping[Verdict, int]
    items: Mapping[Group, tuple[Item, ...]]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not any(self.items[group] for group in GROUPS if group != "standing")


def news(
    audit: Audit,
    found: Iterable[Finding],
    before: Audit | None,
    earlier: Iterable[Finding],
    laws: Mapping[str, Law],
    waivers: Iterable[Waiver],
) -> News:
    """What is new in an audit that has ended; `found` are its findings, `earlier` those of the one before."""
    items: dict[Group, list[Item]] = {group: [] for group in GROUPS}
    is_near = nearing(waivers, _day(audit), _day(before) if before else None)
    for group, finding in compared(earlier, found, is_near):
        items[group].append(_item(finding, laws))
    return News(
        audit=audit.id,
        before=before.id if before else "",
        name=audit.name,
        context=audit.context,
        laws=audit.laws,
        where=audit.where,
        started=audit.started,
        ended=audit.ended or audit.started,
        counts=audit.counts,
        items={group: tuple(each) for group, each in items.items()},
    )


def compared(
    earlier: Iterable[Finding], found: Iterable[Finding], is_near: Callable[[str], bool]
) -> Iterator[tuple[Group, Finding]]:
    """Each finding that is news or stands as it was; only what was not well is kept in memory."""
    was = {each.key: each for each in earlier if each.verdict in BAD or each.verdict is Verdict.WAIVED}
    for each in found:
        group = _group(was.pop(each.key, None), each, is_near)
        if group is not None:
            yield group, each
    for each in was.values():
        if each.verdict in BAD:
            yield "gone", each


def nearing(waivers: Iterable[Waiver], day: date, before: date | None) -> Callable[[str], bool]:
    """Whether a waiver, by its words, has come near its last day since the day of the audit before."""
    ends = {each.in_words: each.until - NEAR for each in waivers}

    def is_near(words: str) -> bool:
        near = ends.get(words)
        return near is not None and near <= day and (before is None or before < near)

    return is_near


def text(told: News) -> str:
    """As JSON, to be kept and to be sent: times have their zone."""
    value = {"form": FORM, **asdict(told), "started": _utc(told.started), "ended": _utc(told.ended)}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read(stored: str) -> News:
    """The news of a text of ours."""
    said: dict[str, Any] = json.loads(stored)
    del said["form"]
    times = {name: _naive(said[name]) for name in ("started", "ended")}
    counts = {Verdict(verdict): number for verdict, number in said["counts"].items()}
    items = {group: tuple(map(_read_item, each)) for group, each in said["items"].items()}
    return News(**{**said, **times, "laws": tuple(said["laws"]), "counts": counts, "items": items})


def _group(was: Finding | None, now: Finding, is_near: Callable[[str], bool]) -> Group | None:
    if now.verdict in BAD:
        return "standing" if was is not None and was.verdict is now.verdict else "broken"
    if now.verdict is Verdict.WAIVED:
        if is_near(now.waiver):
            return "ending"
        return None if was is not None and was.verdict is Verdict.WAIVED else "waived"
    return "mended" if was is not None else None


def _item(finding: Finding, laws: Mapping[str, Law]) -> Item:
    law = laws.get(finding.law)
    control = law.controls.get(finding.control) if law else None
    title = control.title if control else Words(vi=finding.control, en=finding.control)
    return Item(
        law=finding.law,
        control=finding.control,
        kind=finding.kind,
        object=finding.object,
        severity=finding.severity,
        verdict=finding.verdict,
        title=_both(title),
        reasons=tuple(map(_both, finding.reasons[:MOST_REASONS])),
        line=str(finding.lines[0]) if finding.lines else "",
        waiver=finding.waiver,
    )


def _read_item(said: Mapping[str, Any]) -> Item:
    return Item(**{**said, "verdict": Verdict(said["verdict"]), "reasons": tuple(said["reasons"])})


def _both(words: Words) -> Mapping[Language, str]:
    return {"vi": words.vi, "en": words.en}


def _day(audit: Audit) -> date:
    """On the city's calendar."""
    return audit.started.replace(tzinfo=UTC).astimezone(VIETNAM).date()


def _utc(at: datetime) -> str:
    return at.replace(tzinfo=UTC).isoformat()


def _naive(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC).replace(tzinfo=None)
