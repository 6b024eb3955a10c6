"""Grafana's provisioning: where its data are, and the boards that are installed beside us."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any, TypeAlias

from infra_ctl.errors import UnusableError
from infra_ctl.hosts.roles.monitoring import HOME
from infra_ctl.inventory.kinds import Language
from infra_ctl.inventory.monitoring import Thresholds
from infra_ctl.monitor.files import MonitorFile, Value, literal
from infra_ctl.monitor.stack import ALERTMANAGER, PROMETHEUS, Stack

Board: TypeAlias = Mapping[str, Any]
"""As Grafana keeps it."""
Boards: TypeAlias = Callable[[Language, Thresholds], Mapping[str, Board]]
"""An entry point of the group: boards by uid."""
GROUP = "infra_ctl.dashboards"
FOLDER = "grafana"
NODES, EDGES = "nodes", "edges"
"""Names that Grafana's maps and graphs know the queries of points and of the lines between them by."""
SHORTEST = "15s"
"""Between two samples, unless a panel's query says that there are fewer: rates look at four times that."""


def grafana_files(stack: Stack, language: Language) -> tuple[MonitorFile, ...]:
    """Datasources, which may hold a password; the provider of boards; the boards."""
    provisioning = f"{FOLDER}/provisioning"
    limits = stack.city.inventory.monitoring.thresholds
    return (
        MonitorFile(f"{provisioning}/datasources/infra-ctl.yaml", _datasources(stack), private=True),
        MonitorFile(f"{provisioning}/dashboards/infra-ctl.yaml", _provider()),
        *(
            MonitorFile(f"{FOLDER}/dashboards/{uid}.json", _as_json(board))
            for uid, board in sorted(boards(language, limits, installed()).items())
        ),
    )


def boards(language: Language, limits: Thresholds, sources: Iterable[tuple[str, Boards]]) -> dict[str, Board]:
    """Of all sources, each board once. Raises UnusableError where two have one uid."""
    found: dict[str, Board] = {}
    for name, source in sources:
        for uid, board in source(language, limits).items():
            if uid in found:
                raise UnusableError(f"{name}: there is a board with the uid {uid} already")
            found[uid] = board
    return found


def installed() -> Iterable[tuple[str, Boards]]:
    """By the entry points of whatever is installed."""
    return ((each.name, each.load()) for each in sorted(entry_points(group=GROUP)))


def _as_json(board: Board) -> str:
    return json.dumps(board, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _datasources(stack: Stack) -> Value:
    common = {"access": "proxy", "editable": False, **_login(stack)}
    trust = _trust(stack)
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": "prometheus",
                "type": "prometheus",
                "url": stack.url(PROMETHEUS),
                "isDefault": True,
                "jsonData": {"httpMethod": "POST", "timeInterval": _between_samples(stack), **trust},
                **common,
            },
            {
                "name": "Alertmanager",
                "uid": "alertmanager",
                "type": "alertmanager",
                "url": stack.url(ALERTMANAGER),
                "jsonData": {"implementation": "prometheus", **trust},
                **common,
            },
        ],
    }


def _between_samples(stack: Stack) -> str:
    """Of most that boards ask for: paths are looked at most often."""
    return f"{max(int(SHORTEST[:-1]), stack.city.inventory.monitoring.intervals.path)}s"


def _login(stack: Stack) -> dict[str, Value]:
    if (web := stack.web) is None:
        return {}
    return {
        "basicAuth": True,
        "basicAuthUser": web.user,
        "secureJsonData": {
            "basicAuthPassword": literal(web.secret),
            "tlsCACert": f"$__file{{{web.authority}}}",
        },
    }


def _trust(stack: Stack) -> dict[str, Value]:
    """Whose signature is taken, and the name that it is to be on."""
    if stack.web is None:
        return {}
    return {"tlsAuthWithCACert": True, "serverName": stack.server_name}


def _provider() -> Value:
    """A board is changed in its source, not in Grafana."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "infra-ctl",
                "folder": "infra-ctl",
                "type": "file",
                "allowUiUpdates": False,
                "disableDeletion": False,
                "options": {"path": f"{HOME}/{FOLDER}/dashboards"},
            }
        ],
    }
