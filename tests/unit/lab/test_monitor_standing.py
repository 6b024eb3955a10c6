"""What Alertmanager answers, as `monitor status` tells it."""

from __future__ import annotations

from typing import Any

from infra_ctl.cli.monitor import alert_lines
from infra_ctl.lab.monitor.standing import alerts


def found(name: str, severity: str, by: tuple[str, ...] = (), **labels: str) -> Any:
    """As /api/v2/alerts has one, its name for a fingerprint."""
    state = {"state": "suppressed" if by else "active", "inhibitedBy": list(by)}
    whose = {"severity": severity, "city": "can-tho", "pop": "dc", "owner": "so-tttt"}
    return {"fingerprint": name, "status": state, "labels": {"alertname": name, **whose, **labels}}


FOUND = [
    *(found("InfraAdjacencyMissing", "ticket", ("InfraWardUnreachable",), device="dc-core1") for _ in "ab"),
    found("InfraHostDown", "ticket", host="dc-app-1", site="dc", instance="10.0.0.1:9100", job="node"),
    found("InfraPrefixesMissing", "ticket", device="nk-pop1", family="ipv4", site="nk"),
    found("InfraWardUnreachable", "page", site="nk"),
    found("InfraRoomDown", "ticket", ("of-another-cluster",), room="nk-room"),
    found("InfraScrapeLimitReached", "ticket", job="frr", instance="10.0.0.2:9342"),
    found("Watchdog", "none"),
]


def test_pages_come_first_and_say_what_they_are_about_and_what_is_silenced_is_counted() -> None:
    assert list(alert_lines(alerts(FOUND))) == [
        "  page       InfraWardUnreachable site=nk",
        "  ticket     InfraHostDown host=dc-app-1 site=dc",
        "  ticket     InfraPrefixesMissing device=nk-pop1 family=ipv4 site=nk",
        "  ticket     InfraScrapeLimitReached job=frr instance=10.0.0.2:9342",
        "  silenced   2 InfraAdjacencyMissing, by InfraWardUnreachable",
        "  silenced   1 InfraRoomDown",
    ]


def test_every_one_is_whole_for_a_program() -> None:
    first, *_, last = alerts(FOUND)
    assert (first.name, first.severity, first.state) == ("InfraWardUnreachable", "page", "active")
    assert (last.name, last.about, last.state, last.by) == ("InfraRoomDown", "room=nk-room", "suppressed", ())
