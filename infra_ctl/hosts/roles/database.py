"""Databases: PostgreSQL, a primary in the data centre and its streaming replica at the backup site."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Run, Service
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.host import Database, HostIntent
from infra_ctl.render import host_text

VERSION = 15
UNIT = f"postgresql@{VERSION}-main"
CONF = f"/etc/postgresql/{VERSION}/main"
DATA = f"/var/lib/postgresql/{VERSION}/main"
PASSFILE = "/var/lib/postgresql/.pgpass"
"""libpq's own place for the passwords of the account that runs the server."""
JOINED = f"{FOLDER}/database.joined"
"""Mark of a server that has been made a replica once: what becomes of it later is not undone by a deploy."""
REPLICATION = "replication"
"""The account that replicas log in as."""


def database(host: HostIntent) -> tuple[Operation, ...]:
    """The port and what replication rests on need a restart; who may come in does not."""
    if (server := host.database) is None:
        return ()
    return (
        Packages(id="database/packages", names=(f"postgresql-{VERSION}",)),
        _file(host, "conf", f"{CONF}/conf.d/infra-ctl.conf", "postgresql.conf"),
        _file(host, "access", f"{CONF}/pg_hba.conf", "pg_hba.conf", "640"),
        *((_file(host, "passfile", PASSFILE, "passfile", "600"),) if server.primary else ()),
        Service(
            id="database/postgresql",
            unit=UNIT,
            reload_after=("database/access",),
            restart_after=("database/conf",),
        ),
        *(_replica(host) if server.primary else _primary(host, server)),
    )


def _primary(host: HostIntent, server: Database) -> tuple[Operation, ...]:
    psql = f"cd / && runuser -u postgres -- psql -p {server.port} -Atq -v ON_ERROR_STOP=1"
    names = ", ".join(f"'{name}'" for name in server.names)
    found = f'{psql} -c "SELECT count(*) FROM pg_database WHERE datname IN ({names})"'  # noqa: S608 - slugs
    script = f"{FOLDER}/databases.sql"
    return (
        _file(host, "databases", script, "databases.sql", "600"),
        Run(
            id="database/databases-made",
            command=f"{psql} -f {script}",
            unless=f'test "$({found})" = {len(server.names)}',
            after=("database/databases",),
        ),
    )


def _replica(host: HostIntent) -> tuple[Operation, ...]:
    script = "/usr/local/lib/infra-ctl/join-primary"
    return (
        File(
            id="database/join",
            path=script,
            text=_text(host, "join.sh"),
            mode="755",
            validate_by="sh -n {}",
        ),
        Run(
            id="database/joined", command=script, unless=f"test -e {JOINED} || test -e {DATA}/standby.signal"
        ),
    )


def _file(host: HostIntent, name: str, path: str, template: str, mode: str = "644") -> File:
    owner = {"owner": "postgres", "group": "postgres"}
    return File(id=f"database/{name}", path=path, text=_text(host, template), mode=mode, **owner)


def _text(host: HostIntent, template: str) -> str:
    return host_text(
        template,
        host,
        data=DATA,
        unit=UNIT,
        folder=FOLDER,
        passfile=PASSFILE,
        joined=JOINED,
        replication=REPLICATION,
    )
