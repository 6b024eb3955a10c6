"""What is not well as alerts of Alertmanager's, which resolve when it is well again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from infra_ctl.audit.letter import title, why
from infra_ctl.audit.news import Group, Item, News
from infra_ctl.inventory.kinds import Language

NAME = "InfraCompliance"
SEVERITY = "ticket"
"""It waits until the morning: who is paged for a law wakes up for nothing."""
OPEN: tuple[Group, ...] = ("broken", "standing")
OVER: tuple[Group, ...] = ("mended", "waived", "gone")
Alert: TypeAlias = Mapping[str, Any]


def alerts(news: News, city: str, language: Language, now: datetime, until: datetime) -> list[Alert]:
    """All that is not well, whether it is news or not, and what is no more so from now on.

    Alertmanager forgets what it is not told again: `until` is when it is told at the latest. Times are in
    UTC without a zone.
    """
    return [
        *(_alert(item, news, city, language, until) for item in _items(news, OPEN)),
        *(_alert(item, news, city, language, now) for item in _items(news, OVER)),
    ]


def still(news: News, city: str, language: Language, until: datetime) -> list[Alert]:
    """What is not well, to be told again."""
    return [_alert(item, news, city, language, until) for item in _items(news, OPEN)]


def _items(news: News, groups: tuple[Group, ...]) -> Iterator[Item]:
    return (item for group in groups for item in news.items[group])


def _alert(item: Item, news: News, city: str, language: Language, ends: datetime) -> Alert:
    """Labels say which it is and never change while it is so: the verdict is no label."""
    return {
        "labels": {
            "alertname": NAME,
            "severity": SEVERITY,
            "city": city,
            "context": news.context,
            "audit": news.name,
            "law": item.law,
            "control": item.control,
            "kind": item.kind,
            "object": item.object,
            "weight": item.severity,
        },
        "annotations": {
            "summary": title(item, language),
            "description": why(item, language),
            "verdict": str(item.verdict),
            "details": f"infra-ctl audit show {news.audit} {item.control}",
        },
        "startsAt": _utc(news.ended),
        "endsAt": _utc(ends),
    }


def _utc(at: datetime) -> str:
    return at.replace(tzinfo=UTC).isoformat()
