"""Audits of the whole city: from evidence that is kept, and live beside no more than fetching the evidence.

python -m benchmarks.auditing audit ARGUMENT…     `infra-ctl audit`, whose findings are no failure here
python -m benchmarks.auditing fetch               ask all that an audit asks, and throw it away
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from benchmarks.controls import TEXTS, fact
from benchmarks.measure import Verdict, cost_of, interleaved, median, table
from benchmarks.twin import REFERENCE, Twin
from infra_ctl.audit.collecting.part import Subject
from infra_ctl.city import load_city
from infra_ctl.cli import app
from infra_ctl.cli.auditing import setting, sources
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.session import Session
from infra_ctl.context import context
from infra_ctl.controls.asked import asked
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import MACHINES, Document, Exhibit, Kind
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Asking, RunState, now

OURS = (sys.executable, "-m", "benchmarks.auditing")


def run(folder: Path, rounds: int) -> Iterator[Verdict]:
    """Print seconds of judging what is kept of every object by every law, the command's start in them."""
    environment = {
        "INFRA_CTL_CONTEXT": "live",  # whoever judges what is kept asks nobody
        "INFRA_CTL_INVENTORY": str(REFERENCE),
        "INFRA_CTL_VAR": str(folder / "audited"),
    }
    objects = _kept(folder / "audited")
    command = (*OURS, "audit", "--law", "all", "--stored", "--output", "json")
    costs = [cost_of(command, environment) for _ in range(rounds)]
    wall, cpu = median(costs, "wall"), median(costs, "cpu")
    print(f"\nall laws on the kept evidence of {objects} objects, {rounds} rounds, medians")
    print(f"  {wall:.2f} s, {cpu:.2f} s of CPU, {median(costs, 'peak_mib'):.0f} MiB")
    yield Verdict("seconds of the whole city from stored evidence", wall, 1)
    yield Verdict("the same in CPU seconds", cpu, 1)


def live(twin: Twin, rounds: int) -> Iterator[Verdict]:
    """Print medians and ratios of interleaved rounds."""
    costs = interleaved(
        {
            "fetching alone": lambda: cost_of((*OURS, "fetch"), twin.env),
            "infra-ctl audit": lambda: cost_of((*OURS, "audit", "--law", "all"), twin.env),
        },
        rounds,
    )
    devices = len(twin.devices)
    print(f"\nall laws, {devices} live routers, {rounds} interleaved rounds, medians")
    print(table(costs, "fetching alone", devices))
    wall = median(costs["infra-ctl audit"], "wall") / median(costs["fetching alone"], "wall")
    yield Verdict("× the wall time of fetching the evidence alone", wall, 1.3)


def _kept(var: Path) -> int:
    """An audit of the reference city with something in every fact and document; how many objects it has."""
    city, at = load_city(REFERENCE), now()
    objects = tuple(asked(city.inventory))
    journal = open_journal(f"sqlite:///{var / 'journal.db'}")
    audit = journal.audits.start(Asking("", "live", ("all",), "", "", len(objects)))
    for place, each in enumerate(objects):
        journal.audits.keep(audit, place, _exhibit((each.kind, each.name), at), ())
    journal.audits.end(audit, RunState.DONE)
    journal.close()
    return len(objects)


def _exhibit(subject: Subject, at: datetime) -> Exhibit:
    kind, name = subject
    documents = {each: _document(each, name) for each, known in DOCUMENTS.items() if kind in known.of}
    facts = {each: (fact(each, known),) for each, known in FACTS.items() if kind in known.of}
    return Exhibit(kind, name, at, documents, facts)


def _document(name: str, of: str) -> Document:
    """No two objects have the same."""
    lines = TEXTS[name].read_text(encoding="utf-8").splitlines() if name in TEXTS else ["port 22"] * 80
    return Document(name, name, (f"# {of}", *lines))


def _fetch(session: Session) -> None:
    """Ask all that an audit asks, of as many machines at a time."""
    at, known = now(), setting(session)
    asking = sources(session, known)
    for survey in asking.surveys.values():
        survey(at)
    kinds: dict[str, Kind] = {}
    for kind, names in zip(MACHINES, known.choose(""), strict=True):
        kinds |= dict.fromkeys(names, kind)

    def examine(name: str) -> None:
        for ask in asking.examinations.values():
            ask((kinds[name], name), at)

    asking.fleet.each(kinds, examine)


def main(arguments: list[str]) -> None:
    if arguments == ["fetch"]:
        with click.Context(app.root):
            where = context(os.environ["INFRA_CTL_CONTEXT"], Path(os.environ["INFRA_CTL_INVENTORY"]))
            _fetch(Session(where, "text", verbose=False))
        return
    sys.argv = ["infra-ctl", *arguments]
    try:
        app.main()
    except SystemExit as ended:
        sys.exit(Exit.DONE if ended.code == Exit.FOUND else ended.code)


if __name__ == "__main__":
    main(sys.argv[1:])
