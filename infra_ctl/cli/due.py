"""`infra-ctl audit --due`: what audits.yaml says is due, once each, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

import click

from infra_ctl.cli import findings
from infra_ctl.cli.auditing import setting, sources
from infra_ctl.cli.ending import Ending
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, counting
from infra_ctl.cli.session import Session
from infra_ctl.errors import InfraCtlError, RefusedError

if TYPE_CHECKING:
    from infra_ctl.audit.due import Due
    from infra_ctl.audit.notify import Sender, Told
    from infra_ctl.audit.run import Setting, Shown, Sources
    from infra_ctl.journal.records import Audit


@dataclass(slots=True)
class _Round:
    """What became of each audit that was due, and of each message."""

    done: dict[str, Audit] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    @property
    def code(self) -> Exit:
        if self.failed or any(each.why for each in self.told):
            return Exit.FAILED
        bad = (done.counts.get(verdict) for done in self.done.values() for verdict in findings.BAD)
        return Exit.FOUND if any(bad) else Exit.DONE


def run_due(session: Session, *, prometheus: str, sink: str | None) -> Ending:
    """Tell what is owed, run what is due, tell of it. One that fails keeps no other back."""
    from infra_ctl.audit import notify

    known = setting(session)
    sender = _sender(session, known, sink)
    ended = _Round()
    notify.catch_up(sender)
    _tell(session, ended, notify.tell(sender))
    found = _due(known)
    asked = sources(session, known, prometheus) if found else None
    for each in found:
        assert asked is not None  # noqa: S101 - something is due
        if each not in _due(known):
            session.say(f"{each.name}   left alone: somebody else has been at it meanwhile")
            continue
        _run_one(session, ended, known, asked, each)
        if (done := ended.done.get(each.name)) is not None:
            notify.make(sender, done)
            _tell(session, ended, notify.tell(sender))
    _tell(
        session, ended, notify.remind(sender, frozenset(each.message.id for each in ended.told)), quiet=True
    )
    if not found:
        session.say("nothing is due")
    return Ending(ended.code, _as_dict(found, ended))


def _due(known: Setting) -> tuple[Due, ...]:
    """At this very time: audits take a while, and others may run them too."""
    from infra_ctl.audit import results
    from infra_ctl.audit.due import due
    from infra_ctl.journal.records import now

    past = results.audits(known.journal, known.context)
    return due(known.city.inventory.schedule.audits, past, now())


def _sender(session: Session, known: Setting, sink: str | None) -> Sender:
    """A twin's audits are nobody's business, save where somebody says whose."""
    from infra_ctl.audit.notify import Sender

    if sink is None and session.context.kind != "live":
        sink = ""
    vault = session.vault(known.city)
    return Sender(known.city, known.laws, known.context, known.journal, vault, sink)


def _run_one(session: Session, ended: _Round, known: Setting, asked: Sources, due: Due) -> None:
    clock = Stopwatch()
    try:
        with ExitStack() as bars:
            done = _run(known, asked, due, _shown(bars))
    except KeyboardInterrupt:
        click.echo(f"{due.name} stopped; go on   {session.command('audit --due')}", err=True)
        raise
    except RefusedError as error:
        session.say(f"{due.name}   left alone: {error}")
    except Exception as error:  # noqa: BLE001 - a defect in one audit is no reason to run no other
        ours = isinstance(error, InfraCtlError)
        ended.failed[due.name] = f"{error}" if ours else f"a defect: {type(error).__name__}: {error}"
        session.say(f"{due.name}   FAILED: {ended.failed[due.name]}")
    else:
        ended.done[due.name] = done
        counts = findings.counted(done.counts) or "nothing was asked"
        session.say(f"{due.name}   {counts} · audit {done.id} ({done.objects} objects, {clock})")


def _run(known: Setting, asked: Sources, due: Due, shown: Shown) -> Audit:
    """Go on with the one that was left, where the inventory is the same; else begin."""
    from infra_ctl.audit.run import Wanted, go_on, run

    if due.left is not None and due.left.inventory == known.city.inventory.digest:
        return go_on(known, asked, due.left, shown)
    scheduled = known.city.inventory.schedule.audits[due.name]
    return run(known, asked, Wanted(scheduled.laws, scheduled.where, due.name, due.occasion), shown)


def _shown(bars: ExitStack) -> Shown:
    def shown(_audit: Audit, devices: int, hosts: int) -> Callable[[str], None]:
        if devices + hosts:
            return bars.enter_context(counting("asking", devices, hosts))
        return lambda _name: None

    return shown


def _tell(session: Session, ended: _Round, told: Iterable[Told], *, quiet: bool = False) -> None:
    """Each as it goes: who is killed after it has said what it did."""
    for each in told:
        ended.told.append(each)
        if each.why or not quiet:
            session.say(_said(each))


def _said(told: Told) -> str:
    message = told.message
    if not told.why:
        return f"told   {message.addressee}   of audit {message.audit}"
    after = {"waiting": "; the next --due tries again", "given up": "; given up"}.get(told.state, "")
    return f"NOT TOLD   {message.addressee}   of audit {message.audit}: {told.why}{after}"


def _as_dict(found: Iterable[Due], ended: _Round) -> Mapping[str, object]:
    return {"audits": [*_audits(found, ended)], "told": [*map(_told, ended.told)]}


def _audits(found: Iterable[Due], ended: _Round) -> Iterator[Mapping[str, object]]:
    for each in found:
        done = ended.done.get(each.name)
        yield {
            "name": each.name,
            "occasion": each.occasion.replace(tzinfo=UTC).isoformat(),
            "audit": findings.as_dict(done) if done else None,
            "failed": ended.failed.get(each.name),
        }


def _told(told: Told) -> Mapping[str, object]:
    message = told.message
    return {
        "audit": message.audit,
        "addressee": message.addressee,
        "state": told.state,
        "why": told.why or None,
    }
