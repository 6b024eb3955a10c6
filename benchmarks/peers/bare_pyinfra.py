"""The floor: pyinfra's own operations, prepared and carried out as its documentation says, nothing more.

python -m benchmarks.peers.bare_pyinfra WORKS
"""

from __future__ import annotations

from gevent import monkey

if __name__ == "__main__":
    monkey.patch_all()  # before anything else finds the standard library

import sys
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from gevent import joinall, spawn
from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.api.host import Host
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.context import ctx_state, init_base_classes
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

from benchmarks.hosting import WORKS
from infra_ctl.change.operations import Absent, File, Folder, Operation, Packages, Run, Service, User
from infra_ctl.hosts.protocol import Work
from infra_ctl.hosts.session import host_data

Metas = Mapping[str, Any]


def main(path: Path) -> int:
    works = WORKS.validate_json(path.read_bytes())
    init_base_classes()
    inventory = Inventory(([(work.way.part, host_data(work.way)) for work in works], {}))
    state = State(inventory, Config(CONNECT_TIMEOUT=int(works[0].way.timeout)))
    connect_all(state)
    ctx_state.set(state)  # each add_op puts back what was there, and others are under way
    joinall([spawn(_prepare, state, work) for work in works], raise_error=True)
    run_ops(state, no_wait=True)
    disconnect_all(state)
    return sum(results.error_ops for results in state.results.values())


def _prepare(state: State, work: Work) -> None:
    """Hosts are prepared side by side, as pyinfra's own command line does it."""
    host = state.inventory.get_host(work.way.part)
    metas: dict[str, Any] = {}
    for each in work.operations:
        function, arguments = PEERS[type(each)](each, metas, host)
        metas[each.id] = add_op(state, function, host=host, **arguments)[host]


def _has_changed(ids: tuple[str, ...], metas: Metas) -> Callable[[], bool]:
    return lambda: any(metas[each].did_change() for each in ids)


def _file(wanted: File, _metas: Metas, _host: Host) -> tuple[Any, dict[str, Any]]:
    owner = {"user": wanted.owner, "group": wanted.group, "mode": wanted.mode}
    return files.put, {"src": StringIO(wanted.text), "dest": wanted.path, **owner}


def _service(wanted: Service, metas: Metas, _host: Host) -> tuple[Any, dict[str, Any]]:
    """Its state and its reload are one operation here, so a changed file decides which at the time."""
    before = (*wanted.reload_after, *wanted.restart_after)
    would = any(metas[each].will_change for each in before)
    return systemd.service, {
        "service": wanted.unit,
        "running": wanted.running,
        "enabled": wanted.enabled,
        "reloaded": would and not wanted.restart_after,
        "restarted": would and bool(wanted.restart_after),
    }


def _run(wanted: Run, metas: Metas, host: Host) -> tuple[Any, dict[str, Any]]:
    def is_due() -> bool:
        probe = f"{wanted.unless or 'false'} >/dev/null 2>&1 && echo yes || echo no"
        return host.get_fact(Command, command=probe) != "yes" or _has_changed(wanted.after, metas)()

    return server.shell, {"commands": [wanted.command], "_if": is_due}


def _user(wanted: User, _metas: Metas, _host: Host) -> tuple[Any, dict[str, Any]]:
    return server.user, {
        "user": wanted.name,
        "home": wanted.home or None,
        "shell": wanted.shell,
        "groups": list(wanted.groups),
        "system": wanted.system,
        "public_keys": list(wanted.keys) or None,
        "delete_keys": True,
        "ensure_home": bool(wanted.home or wanted.keys),
    }


Peer = Callable[[Any, Metas, Host], tuple[Any, dict[str, Any]]]

PEERS: Mapping[type[Operation], Peer] = {
    Packages: lambda wanted, _metas, _host: (
        apt.packages,
        {"packages": list(wanted.names), "update": True, "cache_time": 3600, "no_recommends": True},
    ),
    File: _file,
    Folder: lambda wanted, _metas, _host: (
        files.directory,
        {"path": wanted.path, "user": wanted.owner, "group": wanted.group, "mode": wanted.mode},
    ),
    Absent: lambda wanted, _metas, _host: (files.file, {"path": wanted.path, "present": False}),
    User: _user,
    Service: _service,
    Run: _run,
}


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))
