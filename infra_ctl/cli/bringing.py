"""`infra-ctl audit import`: what OpenSCAP found elsewhere, for the next audits of a host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli import completion
from infra_ctl.cli.auditing import brought
from infra_ctl.cli.session import Session, session_options

if TYPE_CHECKING:
    from infra_ctl.audit.openscap.results import Results


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--host", required=True, shell_complete=completion.hosts, help="Whose results they are.")
@session_options
def bring(session: Session, file: Path, *, host: str) -> None:
    """Keep results that OpenSCAP made elsewhere (XCCDF 1.2 or ARF) for the audits of a host.

    They count where the host has no OpenSCAP of its own, or does not answer, until newer ones are brought.
    Those of another machine are refused.

    \b
    infra-ctl audit import results.xml --host dc-app-1
    """
    from infra_ctl.audit.openscap import brought as kept
    from infra_ctl.journal.records import now

    city = session.city()
    intent = city.host(host)
    names = [host, f"{host}.{city.inventory.city.domain}", *map(str, intent.addresses)]
    found = kept.bring(brought(session), host, names, file, now())
    if session.is_json:
        session.emit(_as_dict(host, found))
        return
    counted = " · ".join(f"{count} {result}" for result, count in found.counts.items())
    session.say(f"{host}: {found.benchmark} {found.version}, {found.profile}, {found.at} UTC: {counted}")


def _as_dict(host: str, found: Results) -> dict[str, object]:
    return {
        "host": host,
        "benchmark": found.benchmark,
        "version": found.version,
        "profile": found.profile,
        "at": found.at,
        "counts": dict(found.counts),
    }
