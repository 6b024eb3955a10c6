"""What Prometheus knows of a period, object by object, by the rules that record it (exporters/rules)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from infra_ctl.controls.model import Words
from infra_ctl.errors import UnusableError
from infra_ctl.monitor.querying import Server, ask
from infra_ctl.report.document import words
from infra_ctl.report.period import Period
from infra_ctl.report.readings import Monitored, Readings, Seen

Series: TypeAlias = tuple[Mapping[str, str], float]
"""Labels and a value."""
Ask: TypeAlias = Callable[[str, datetime], Sequence[Series]]
"""An expression at a moment, in UTC without a zone. Raises UnusableError."""

PATIENCE = 120.0
"""Seconds for one question: half a year of a whole city is more to add up than a week of it."""
NOT_ASKED = words("chưa khai báo địa chỉ Prometheus", "no Prometheus was given")

QUERIES: Mapping[str, tuple[str, str, str]] = {
    "circuits-available": ("circuit", "1 - avg_over_time({})", "circuit:unavailable:bool_avg1d"),
    "circuits-load": ("circuit", "max_over_time({})", "circuit:traffic_load:ratio_p95_7d"),
    "sites-reachable": ("site", "1 - avg_over_time({})", "(site:probes_lost:ratio_rate5m > bool 0.5)"),
    "systems-available": ("system", "1 - avg_over_time({})", "system:probes_failed:ratio_avg1d"),
    "rooms-available": ("room", "avg_over_time({})", "infra_room_up"),
}
"""Indicator → label of the object, what is asked of a subquery over the period, and the series in it."""
STEPS: Mapping[str, str] = {"sites-reachable": "10m", "rooms-available": "1h"}
"""How finely a subquery looks; a day where the series is itself of a day, or of more."""
_PER_DAY: Mapping[str, float] = {"10m": 144, "1h": 24, "1d": 1}


def monitored(asking: Ask | None, period: Period, now: datetime) -> Monitored:
    """Each indicator of every object over the period, or over what has passed of it."""
    end = min(period.until, now)
    span = math.ceil((end - period.since) / timedelta(hours=1))
    if asking is None:
        return Monitored(cause=NOT_ASKED)
    if span <= 0:
        return Monitored(cause=words("kỳ báo cáo chưa bắt đầu", "the period has not begun"))
    try:
        return Monitored({name: _seen(name, asking, span, end) for name in QUERIES})
    except UnusableError as error:
        said = str(error)
        return Monitored(
            cause=words(f"Prometheus không trả lời ({said})", f"Prometheus gave no answer ({said})")
        )


def _seen(name: str, asking: Ask, span: int, end: datetime) -> Mapping[str, Seen]:
    label, shape, series = QUERIES[name]
    step = STEPS.get(name, "1d")
    subquery = f"{series}[{span}h:{step}]"
    values = _by(label, asking(shape.format(subquery), end), max)
    counts = _by(label, asking(f"count_over_time({subquery})", end), max)
    return {each: Seen(value, counts.get(each, 0) / _PER_DAY[step]) for each, value in values.items()}


def _by(label: str, found: Iterable[Series], choose: Callable[[float, float], float]) -> Mapping[str, float]:
    """One value an object: of the two ways of a circuit, the fuller one."""
    chosen: dict[str, float] = {}
    for labels, value in found:
        if math.isfinite(value) and (name := labels.get(label)):
            chosen[name] = choose(value, chosen[name]) if name in chosen else value
    return chosen


def partly(readings: Readings) -> Words | None:
    """That monitoring knows only some days of a period; nothing where it knows all that have passed."""
    known = max(
        (seen.days for each in readings.monitored.values.values() for seen in each.values()), default=0
    )
    passed = (min(readings.period.until, readings.made) - readings.period.since) / timedelta(days=1)
    if not known or known >= passed - 1:
        return None
    days, of = max(round(known), 1), round(passed)
    return words(
        f"Hệ thống giám sát chỉ có số liệu của {days} trong {of} ngày của kỳ báo cáo.",
        f"Monitoring has figures of {days} days of the {of} of the period.",
    )


def prometheus(server: Server) -> Ask:
    """How a server is asked."""

    def answer(expression: str, at: datetime) -> Sequence[Series]:
        found = ask(server, expression, at.replace(tzinfo=UTC).timestamp(), patience=PATIENCE)
        return [(each.labels, each.value) for each in found]

    return answer
