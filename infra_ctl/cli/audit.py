"""`infra-ctl audit`: is what the law asks so, object by object, and which line says so?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from infra_ctl.cli import completion, findings
from infra_ctl.cli.auditing import ALL, DEFAULT, known_laws, setting, sources
from infra_ctl.cli.bringing import bring
from infra_ctl.cli.due import run_due
from infra_ctl.cli.ending import leave
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, counting
from infra_ctl.cli.session import Session, console, language_option, selector_argument, session_options
from infra_ctl.errors import UnknownError
from infra_ctl.outcome import Verdict

if TYPE_CHECKING:
    from infra_ctl.audit.run import Setting, Wanted
    from infra_ctl.controls.finding import Finding
    from infra_ctl.inventory.kinds import Language
    from infra_ctl.journal.records import Audit
    from infra_ctl.journal.store import Journal

LAST = 20


class Audits(click.Group):
    """Words that are no command of it are the selector of an audit to be run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_help = bool(args) and args[0] in ctx.help_option_names
        is_completed = not args and ctx.resilient_parsing
        return super().parse_args(ctx, args if asks_help or is_completed else self.meant(args))

    def meant(self, words: list[str]) -> list[str]:
        """With the name of the command that is meant."""
        return words if words and words[0] in self.commands else ["run", *words]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Those of an audit that is run, then the other commands."""
        click.Command.format_options(self.commands["run"], ctx, formatter)
        self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The other commands, and what an audit that is run may begin with."""
        run = self.commands["run"]
        found = [*super().shell_complete(ctx, incomplete), *run.shell_complete(ctx, incomplete)]
        if not incomplete.startswith("-"):
            found += completion.selectors(ctx, run.params[0], incomplete)
        return found


law_option = click.option(
    "--law",
    "laws",
    multiple=True,
    metavar="LAW",
    shell_complete=completion.laws,
    help=f"What is asked: a law, several, or `{ALL}`.  [default: {DEFAULT}]",
)


@click.group(cls=Audits, subcommand_metavar="[SELECTOR]...")
def audit() -> None:
    """Judge what the law asks on the selected devices and hosts, and on the sites, circuits and systems
    that have one of them; exit 3 for anything that fails, or cannot be judged.

    Nothing is changed anywhere. What was collected and what was found is kept; what cannot be had is an
    ERROR, and never passes. Stopped or killed, an audit goes on with --resume.

    \b
    infra-ctl audit
    infra-ctl audit pop=nk --law tslcd-2026 --law city-standard --language en
    infra-ctl audit --law all --stored
    infra-ctl audit --due
    infra-ctl audit show LOG-03
    infra-ctl audit list
    """


audit.add_command(bring)


@audit.command(hidden=True)
@selector_argument
@law_option
@click.option("--stored", is_flag=True, help="Ask nobody: judge the newest evidence of each object again.")
@click.option("--resume", is_flag=True, help="Go on with the last audit, which was stopped or killed.")
@click.option("--due", is_flag=True, help="What audits.yaml says is due, once each, and tell who is to know.")
@click.option("--sink", metavar="URL", help="With --due: tell all of it there; nobody where it is empty.")
@click.option(
    "--prometheus", default="", metavar="URL", help="Which one has measured; the inventory's without."
)
@language_option("Of what is said.")
@session_options
def run(
    session: Session,
    selector: tuple[str, ...],
    *,
    laws: tuple[str, ...],
    stored: bool,
    resume: bool,
    due: bool,
    sink: str | None,
    prometheus: str,
    language: Language,
) -> None:
    """What `infra-ctl audit` alone does.

    \b
    infra-ctl audit run pop=nk
    """
    if resume and (selector or laws or stored):
        raise click.UsageError(
            "--resume goes on with what was asked then: it takes no selector, --law, --stored"
        )
    if due:
        if selector or laws or stored or resume:
            raise click.UsageError(
                "--due runs what audits.yaml says: it takes no selector, --law, --stored, --resume"
            )
        leave(session, run_due(session, prometheus=prometheus, sink=sink))
    if sink is not None:
        raise click.UsageError("--sink goes with --due")
    if stored and prometheus:
        raise click.UsageError("--stored asks nobody: it takes no --prometheus")
    clock = Stopwatch()
    known = setting(session)
    wanted = _wanted(known, laws, " ".join(selector))
    if stored:
        from infra_ctl.audit.run import again

        if not (found := list(again(known, wanted.laws, wanted.where))):
            raise UnknownError("no evidence is kept of it yet: an audit without --stored collects it")
        _print(session, known.laws, None, found, language, clock)
    else:
        done = _run(session, known, _left(known) if resume else None, wanted, prometheus)
        found = list(known.journal.audits.findings(done.id))
        _print(session, known.laws, done, found, language, clock)
    raise click.exceptions.Exit(Exit.FOUND if findings.bad(found) else Exit.DONE)


def _wanted(known: Setting, laws: tuple[str, ...], where: str) -> Wanted:
    from infra_ctl.audit.run import Wanted

    names = tuple(known.laws) if ALL in laws else tuple(dict.fromkeys(laws)) or (DEFAULT,)
    return Wanted(names, where)


def _left(known: Setting) -> Audit:
    """The last audit by hand. Raises UnknownError where that is done or under way, or there is none."""
    from datetime import datetime

    from infra_ctl.audit.run import left

    if (found := left(known.journal, known.context, "", datetime.min)) is not None:
        return found
    if last := known.journal.audits.list(known.context, name=""):
        raise UnknownError(
            f"the last audit, {last[-1].id}, is {last[-1].state}: there is nothing to go on with"
        )
    raise UnknownError("there was no audit yet: there is nothing to go on with")


def _run(session: Session, known: Setting, left: Audit | None, wanted: Wanted, prometheus: str) -> Audit:
    from infra_ctl.audit.run import go_on
    from infra_ctl.audit.run import run as begin

    begun: list[Audit] = []
    asked = sources(session, known, prometheus)
    with ExitStack() as bars:

        def shown(begun_now: Audit, devices: int, hosts: int) -> Callable[[str], None]:
            begun.append(begun_now)
            return bars.enter_context(counting("asking", devices, hosts)) if devices + hosts else _nothing

        try:
            if left is not None:
                return go_on(known, asked, left, shown)
            return begin(known, asked, wanted, shown)
        except KeyboardInterrupt:
            for each in begun:
                judged = known.journal.audits.one(each.id).judged
                click.echo(
                    f"audit {each.id} stopped: {judged} of {each.objects} objects are judged", err=True
                )
                click.echo(f"go on   {session.command('audit --resume')}", err=True)
            raise


def _nothing(_name: str) -> None:
    pass


def _print(
    session: Session,
    laws: Mapping[str, Any],
    done: Audit | None,
    found: Sequence[Finding],
    language: Language,
    clock: Stopwatch,
) -> None:
    """JSON, or what failed and how much did not; `done` is None where nothing was kept."""
    if session.is_json:
        session.emit(_as_dict(done, found))
        return
    shown = findings.bad(found)
    _say(findings.listed(shown, laws, language, None if session.verbose else findings.SHOWN))
    objects = len({(each.kind, each.object) for each in found})
    taken = (
        f"evidence from {min(each.taken for each in found):%Y-%m-%d %H:%M} UTC on" if found else "no evidence"
    )
    what = f"audit {done.id}" if done else taken
    counts = findings.counted(Counter(each.verdict for each in found)) or "nothing was asked"
    session.say(f"{'' if not shown else chr(10)}{counts} · {what} ({objects} objects, {clock})")
    if shown and done:
        worst = min(shown, key=findings.rank)
        session.say(f"why     {session.command(f'audit show {worst.control}')}")


def _as_dict(done: Audit | None, found: Iterable[Finding]) -> dict[str, object]:
    from infra_ctl.controls import stored

    return {
        "audit": findings.as_dict(done) if done else None,
        "findings": [stored.value(each) for each in found],
    }


_STYLES = {Verdict.FAIL.upper(): "bold red", Verdict.ERROR.upper(): "bold yellow"}


def _say(lines: Iterable[str]) -> None:
    screen = console()
    for line in lines:
        screen.print(
            line, markup=False, style=_STYLES.get(line.split(maxsplit=1)[0]) if line.strip() else None
        )


@audit.command("list")
@click.option("--last", type=click.IntRange(min=1), default=LAST, show_default=True, help="How many.")
@session_options
def list_(session: Session, last: int) -> None:
    """The newest audits of the context: when, who, which laws, and how they ended.

    \b
    infra-ctl audit list --last 5
    """
    try:
        found, why = session.kept_journal().audits.list(session.context.name)[-last:], ""
    except UnknownError as error:
        found, why = (), f": {error}"
    if session.is_json:
        session.emit([findings.as_dict(each) for each in reversed(found)])
    elif not found:
        session.say(f"no audits yet{why}")
    else:
        _table(found)


def _table(found: Sequence[Audit]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("audit", "name", "state", "started (UTC)", "by", "laws", "where", "result"):
        table.add_column(column, no_wrap=column != "laws")
    for each in reversed(found):
        laws, started = ", ".join(each.laws), f"{each.started:%Y-%m-%d %H:%M:%S}"
        result = findings.counted(each.counts)
        if each.judged < each.objects:
            result = f"{each.judged} of {each.objects} objects · {result}".rstrip(" ·")
        table.add_row(each.id, each.name, each.state, started, each.user, laws, each.where, result)
    console().print(table)


@audit.command()
@click.argument("names", nargs=-1, metavar="[ID] [OBJECT|CONTROL]...", shell_complete=completion.judged)
@language_option("Of what is said.")
@session_options
def show(session: Session, names: tuple[str, ...], *, language: Language) -> None:
    """What an audit found, the newest without an ID; of an object or a control everything, what passed too.

    \b
    infra-ctl audit show
    infra-ctl audit show A2026-11-27-001 LOG-03
    infra-ctl audit show dc-db-1 --language en
    """
    clock, laws = Stopwatch(), known_laws(session)
    journal = session.kept_journal()
    done, words = _shown(session, journal, names)
    found = list(journal.audits.findings(done.id))
    if not words:
        _print(session, laws, done, found, language, clock)
        return
    some = _meant(found, words, done)
    if session.is_json:
        session.emit(_as_dict(done, some))
        return
    for number, each in enumerate(sorted(some, key=findings.rank)):
        _say(["", *findings.whole(each, laws, language)] if number else findings.whole(each, laws, language))


_ID = re.compile(r"A\d{4}-\d\d-\d\d-\d+")


def _shown(session: Session, journal: Journal, names: tuple[str, ...]) -> tuple[Audit, tuple[str, ...]]:
    """The audit that is meant, and what of it. Raises UnknownError."""
    if names and _ID.fullmatch(names[0]):
        return journal.audits.one(names[0]), names[1:]
    if not (known := journal.audits.list(session.context.name)):
        raise UnknownError(f"{session.context.name} has had no audit yet")
    return known[-1], names


def _meant(found: Sequence[Finding], words: Sequence[str], done: Audit) -> list[Finding]:
    """What is of one of these objects and of one of these controls. Raises UnknownError for other words."""
    from infra_ctl.inventory.hints import did_you_mean

    objects, controls = {each.object for each in found}, {each.control for each in found}
    for word in words:
        if word not in objects | controls:
            hint = did_you_mean(word, objects | controls)
            raise UnknownError(f"audit {done.id} has no object and no control '{word}'{hint}")
    of, by = objects.intersection(words), controls.intersection(words)
    return [each for each in found if each.object in (of or objects) and each.control in (by or controls)]
