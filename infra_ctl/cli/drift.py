"""`infra-ctl drift`: what differs from what is intended, whose it is, and mending it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.deploy import go, go_on
from infra_ctl.cli.ending import Ending, leave
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, counting, names, some
from infra_ctl.cli.request import Request, fail_option, keep_option, run_options, why_options
from infra_ctl.cli.session import Session, console, selector_argument, session_options

if TYPE_CHECKING:
    from rich.console import Console

    from infra_ctl.drift.differences import Difference
    from infra_ctl.drift.looking import Differing, Look
    from infra_ctl.plan import Prepared


@click.command()
@selector_argument
@click.option("--fix", is_flag=True, help="Plan what drifted, and deploy that as deploy does.")
@keep_option
@fail_option
@run_options
@why_options
@session_options
def drift(session: Session, /, selector: tuple[str, ...], *, fix: bool, **request: Any) -> None:
    """What somebody changed by hand, or a run left astray, on the selected devices and hosts; exit 3 for any.

    Each is put down to a run, or to who logged in since it was last seen right: evidence, no proof. What is
    intended and not deployed yet is told, and is no drift; what is on hold waits. What cannot be read is
    named (exit 1). All options but SELECTOR and --fix are deploy's, for --fix; lines that intent does not
    know are for adopt, and stay.

    \b
    infra-ctl drift
    infra-ctl drift pop=nk or role=database
    infra-ctl drift nk-pop1 --fix --ticket CT-930
    """
    clock, wanted = Stopwatch(), Request(**request)
    if not fix and any((wanted.yes, wanted.may_cut, wanted.keep, wanted.reason, wanted.ticket)):
        raise click.UsageError("how to mend is asked for with --fix")
    prepared, seen = _look(session, " ".join(selector))
    code = _code(seen)
    value = {"drift": _as_dict(prepared.plan.context, seen)}
    if not session.is_json:
        _print(session, seen, clock)
    mendable = [each.name for each in seen.differing if each.can_be_mended]
    if not fix or not mendable:
        if fix:
            session.say("nothing to mend")
        leave(session, Ending(code, value["drift"]))
    ending = _mend(session, prepared, seen, mendable, wanted)
    if ending.code is Exit.DONE and seen.failed:
        ending = Ending(Exit.FAILED, ending.value)
    leave(session, Ending(ending.code, {**ending.value, **value}))


def _look(session: Session, selector: str) -> tuple[Prepared, Look]:
    from infra_ctl.cli.logins import log_of
    from infra_ctl.cli.planning import prepare
    from infra_ctl.drift.looking import look
    from infra_ctl.journal.records import now

    at = now()
    prepared = prepare(session, selector)
    with ExitStack() as shown:

        def asking(machines: int) -> Callable[[str], None]:
            return shown.enter_context(counting("asking who logged in:", machines))

        return prepared, look(prepared, at, log_of(session.context, prepared.city), asking)


def _mend(session: Session, prepared: Prepared, seen: Look, mendable: list[str], request: Request) -> Ending:
    """Deploy what is intended on what drifted: a plan like any other, of these objects alone."""
    from dataclasses import replace

    from infra_ctl.cli.planning import prepare_rest
    from infra_ctl.deploy.run import DEPLOY
    from infra_ctl.drift.looking import mended
    from infra_ctl.journal.records import WELL, now

    clock = Stopwatch()
    why = request.reason or f"drift of {some(mendable, 3, ', ')}"
    wanted = replace(request, reason=why)
    second = prepare_rest(session, prepared, " or ".join(_machines(seen)))
    ending = go(session, second, DEPLOY, wanted, clock, dry_run=False)
    assert ending is not None  # noqa: S101 - only a dry run has none
    ending = go_on(session, second, wanted, ending)
    ended: Any = ending.value["devices"]
    mended(prepared, seen, [name for name, end in ended.items() if end["state"] in WELL], now())
    return ending


def _machines(seen: Look) -> tuple[str, ...]:
    """What can be mended, as a selector names it: a host part goes with its router."""
    return tuple(dict.fromkeys(each.name.partition("/")[0] for each in seen.differing if each.can_be_mended))


def _code(seen: Look) -> Exit:
    if seen.failed:
        return Exit.FAILED
    return Exit.FOUND if seen.drifted else Exit.DONE


_WORDS = {
    "changed": "changed by hand",
    "left": "left so by a run",
    "unmanaged": "has lines that intent does not know",
    "undeployed": "not deployed yet",
}
_COUNTED = {**_WORDS, "unmanaged": "with lines that intent does not know"}
_STYLES = {"+": "green", "-": "red"}
MOST_NAMES = 6
"""Of what is only to be deployed yet."""


def _print(session: Session, seen: Look, clock: Stopwatch) -> None:
    from infra_ctl.drift.differences import Kind

    screen = console()
    for each in seen.differing:
        _print_one(screen, each, whole=bool(each.held or session.verbose))
    for name, why in seen.failed.items():
        screen.print(f"\n! {name}   not read: {why}", markup=False, style="red")
    if waiting := [each.name for each in seen.differing if each.has({Kind.UNDEPLOYED})]:
        alone = waiting[0].partition("/")[0] if len(waiting) == 1 else ""
        again = session.command(f"plan {alone}".rstrip())
        shown = f"{names(waiting, MOST_NAMES)}   {_WORDS['undeployed']}: {again}"
        screen.print(f"\n… {shown}", markup=False)
    if seen.differing or seen.failed:
        screen.print()
    for line in _ended(session, seen, clock):
        session.say(line)


def _print_one(screen: Console, each: Differing, *, whole: bool) -> None:
    """What differs and who is behind it; of what is only to be deployed nothing, unless it is the `whole`."""
    for found in each.differences:
        if found.kind == "undeployed" and not whole:
            continue
        mark = "?" if found.kind == "unmanaged" else "~"
        screen.print(f"\n[bold]{mark} {each.name}[/bold]   {_WORDS[found.kind]}")
        for line in found.lines:
            screen.print(f"  {line}", markup=False, style=_STYLES.get(line[:1]))
        if cause := each.causes.get(found.kind):
            screen.print(f"who     {cause.words}", markup=False, style="yellow")
    for words in each.held:
        screen.print(f"held    {words}", markup=False)


def _ended(session: Session, seen: Look, clock: Stopwatch) -> Iterator[str]:
    """`11 right · 1 changed by hand · 2 not deployed yet (3.2 s)`: what there is none of is left out."""
    from infra_ctl.drift.differences import Kind

    if not seen.differing and not seen.failed:
        yield f"no drift ({len(seen.right)} looked at, {clock})"
        return
    counts = {_COUNTED[kind]: seen.count(kind) for kind in Kind}
    counts["held"] = sum(bool(each.held) for each in seen.differing)
    counts["not read"] = len(seen.failed)
    told = (f"{count} {words}" for words, count in counts.items() if count)
    yield f"{' · '.join((f'{len(seen.right)} right', *told))} ({clock})"
    if machines := _machines(seen):
        again = f"drift {' or '.join(machines)} --fix"
        yield f"mend    {session.command(again)}"
    unmanaged = [each.name for each in seen.differing if each.has({Kind.UNMANAGED})]
    if unmanaged:
        yield f"adopt   {session.command(f'adopt {unmanaged[0]}')}"


def _as_dict(context: str, seen: Look) -> Mapping[str, object]:
    return {
        "context": context,
        "drifted": [each.name for each in seen.drifted],
        "objects": [_object(each) for each in seen.differing],
        "right": seen.right,
        "failed": seen.failed,
    }


def _object(each: Differing) -> Mapping[str, object]:
    return {
        "object": each.name,
        "is_drift": each.is_drift,
        "held": each.held,
        "last_right": _utc(each.right),
        "differences": [_difference(each, found) for found in each.differences],
    }


def _difference(each: Differing, found: Difference) -> Mapping[str, object]:
    cause = each.causes.get(found.kind)
    logins = [
        {"user": said.user, "source": said.source, "key": said.key, "at": said.at, "sudo": said.ran}
        for said in (cause.logins if cause else ())
    ]
    who = {"words": cause.words, "run": cause.run or None, "logins": logins} if cause else None
    return {"kind": found.kind, "lines": found.lines, "who": who}


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
