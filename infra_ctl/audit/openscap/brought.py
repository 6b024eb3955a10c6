"""Results that OpenSCAP made elsewhere, kept for the audits of a host until newer ones are brought."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from infra_ctl.audit.openscap.results import Results, Rule, read
from infra_ctl.errors import RefusedError, UnusableError
from infra_ctl.secrets import write_private

FORM = 1
AHEAD = timedelta(hours=1)
"""How far another machine's clock may be before ours."""


def bring(folder: Path, host: str, names: Collection[str], file: Path, at: datetime) -> Results:
    """Keep the results in a file for a host, which is called by one of `names`.

    Raises UnusableError for what is none, RefusedError where they are another machine's, older than what is
    kept, or of a time that is yet to come: those would never grow old.
    """
    try:
        with file.open("rb") as opened:
            found = read(opened)
    except OSError as exc:
        raise UnusableError(f"{file}: {os.strerror(exc.errno or 0)}") from exc
    except UnusableError as error:
        raise UnusableError(f"{file} {error}") from error
    if not found.are_of(names):
        whose = ", ".join(sorted(found.targets)) or "nobody"
        raise RefusedError(f"{file} has the results of {whose}, and not of {host}")
    if found.at - at > AHEAD:
        raise RefusedError(f"{file} is of {found.at} UTC, which is yet to come: somebody's clock is wrong")
    before = kept(folder, host)
    if before is not None and before.at > found.at:
        raise RefusedError(f"{file} is of {found.at} UTC: of {host} there are results of {before.at} UTC")
    text = json.dumps(
        {"form": FORM, **asdict(found), "at": found.at.isoformat(), "targets": sorted(found.targets)}
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_private(_place(folder, host), text.encode())
    return found


def kept(folder: Path, host: str) -> Results | None:
    """What was brought of a host; None where nothing was. Raises UnusableError where it is damaged."""
    place = _place(folder, host)
    try:
        said = json.loads(place.read_text(encoding="utf-8"))
        if said.pop("form") != FORM:
            raise UnusableError(f"{place} is of another version: infra-ctl audit import anew")
        rules = tuple(Rule(**each) for each in said.pop("rules"))
        at, targets = datetime.fromisoformat(said.pop("at")), frozenset(said.pop("targets"))
        return Results(**said, at=at, targets=targets, rules=rules)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UnusableError(f"{place}: {os.strerror(exc.errno or 0)}") from exc
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise UnusableError(f"{place} is damaged: infra-ctl audit import anew") from exc


def _place(folder: Path, host: str) -> Path:
    return folder / f"{host}.json"
