"""`infra-ctl monitor`: what watches the city, from the same inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from infra_ctl.cli import completion
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.places import folder_option
from infra_ctl.cli.progress import Stopwatch, stages
from infra_ctl.cli.session import Session, language_option, session_options
from infra_ctl.errors import SecretError

if TYPE_CHECKING:
    from infra_ctl.inventory.kinds import Language
    from infra_ctl.lab.monitor.standing import Alert, PartStatus, Status
    from infra_ctl.monitor.rendering import Written
    from infra_ctl.monitor.stack import Discovery

P = ParamSpec("P")
R = TypeVar("R")


def hurry_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--hurry`."""
    return click.option(
        "--hurry",
        type=click.IntRange(1, 10),
        default=1,
        show_default=True,
        metavar="N",
        help="Scrape N times as often, and let alerts need an Nth of their time: coarser, for a twin.",
    )(command)


def _web_hook(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    """An address that alerts can be told to; empty for nobody."""
    from pydantic import TypeAdapter, ValidationError

    from infra_ctl.inventory.fields import WebHook

    try:
        return TypeAdapter[str](WebHook).validate_python(url) if url else url
    except ValidationError as exc:
        words = f"'{url}' is no address of a webhook, such as http://127.0.0.1:8080/alerts"
        raise click.BadParameter(words) from exc


@click.group()
def monitor() -> None:
    """What watches the city: Prometheus, its rules, who is told, Grafana."""


@monitor.command()
@folder_option("The folder to write; it is replaced as a whole.")
@click.option(
    "--host",
    metavar="HOST",
    shell_complete=completion.monitoring_hosts,
    help="The monitoring host that it is for; the data centre's without.",
)
@click.option(
    "--sd",
    "discovery",
    type=click.Choice(["http", "file"]),
    default="http",
    show_default=True,
    help="Whether Prometheus asks `infra-ctl export sd` for its targets or reads them from files.",
)
@click.option("--plain", is_flag=True, help="No TLS and no passwords, whatever the inventory says.")
@click.option("--references", is_flag=True, help="Leave secrets as references: to read and to compare.")
@language_option("Of boards.")
@click.option(
    "--rules",
    "overrides",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of rules that go before ours of the same name, or beside them.",
)
@click.option(
    "--sink",
    metavar="URL",
    callback=_web_hook,
    help="Tell everything to this webhook, and nobody else anything.",
)
@click.option(
    "--owner",
    "given",
    metavar="USER[:GROUP]",
    help="Whose the files are that are nobody's yet; what was given to somebody stays his without.",
)
@hurry_option
@session_options
def render(
    session: Session,
    folder: Path | None,
    *,
    host: str | None,
    discovery: Discovery,
    plain: bool,
    references: bool,
    language: Language,
    overrides: Path | None,
    sink: str | None,
    given: str | None,
    hurry: int,
) -> None:
    """Write the configuration of the whole monitoring stack, checked by the tools that read it.

    A stack that is not for the live network tells nobody, unless there is a --sink.

    \b
    infra-ctl monitor render -o /etc/infra-ctl/monitor --owner root:prometheus
    infra-ctl monitor render -o /tmp/monitor --sd file --plain --references
    """
    from infra_ctl.monitor.owning import owner
    from infra_ctl.monitor.rendering import monitor_files, write
    from infra_ctl.monitor.stack import stack

    if folder is None:
        raise click.UsageError("say where to: -o FOLDER")
    whose = owner(given) if given else None
    city = session.city()
    if sink is None and session.context.kind != "live":
        sink = ""
    here = stack(city, host, discovery, is_plain=plain, sink=sink, hurry=hurry)
    files = monitor_files(here, language, overrides)
    vault = None if references else session.vault(city)
    try:
        written = write(files, folder, vault, whose)
    except SecretError as error:
        edit = session.command("secrets edit")
        raise SecretError(f"{error}: {edit} gives values, --references goes without") from error
    if session.is_json:
        session.emit(_as_dict(written, folder))
        return
    session.say(f"{len(written.files)} files · {_private(written)} private · {folder}")
    session.say(f"checked by {', '.join(written.checked) or 'nothing'}{_absent(written)}")


def _private(written: Written) -> int:
    return sum(file.private for file in written.files)


def _absent(written: Written) -> str:
    return f" · not installed: {', '.join(written.absent)}" if written.absent else ""


def _as_dict(written: Written, folder: Path) -> dict[str, object]:
    return {
        "folder": str(folder),
        "files": [{"path": file.path, "private": file.private} for file in written.files],
        "checked": list(written.checked),
        "not_installed": list(written.absent),
    }


@monitor.command()
@click.option(
    "--host",
    metavar="HOST",
    shell_complete=completion.monitoring_hosts,
    help="The monitoring host to stand in for; the data centre's without.",
)
@click.option(
    "--sink",
    metavar="URL",
    default="",
    callback=_web_hook,
    help="Tell alerts to this webhook; without, nobody is told.",
)
@language_option("Of boards.")
@hurry_option
@session_options
def up(session: Session, *, host: str | None, sink: str, language: Language, hurry: int) -> None:
    """Run the whole stack on the twin, where the monitoring host would stand.

    Once more, it starts what has ended and lets the rest read its configuration again. Exits 1 where a part
    of it is not ready.

    \b
    infra-ctl monitor up --context lab
    infra-ctl monitor up --context lab:small --hurry 10
    """
    from infra_ctl.cli.export import installed
    from infra_ctl.lab.monitor.preparing import Wanted
    from infra_ctl.lab.monitor.running import up as start
    from infra_ctl.lab.monitor.standing import status as look

    _refuse_no_lab(session)
    city, exporters, clock = session.city(), tuple(installed()), Stopwatch()
    wanted = Wanted(session.context.inventory, exporters, host, hurry, sink, language)
    try:
        with stages() as progress:
            start(session.context.lab_folder, city, wanted, progress)
    except KeyboardInterrupt:
        _say_left(session)
        raise
    seen = look(session.context.lab_folder, exporters)
    if seen is None:  # somebody has taken it down since
        raise click.exceptions.Exit(Exit.FAILED)
    if session.is_json:
        session.emit(_told(seen))
    else:
        session.say(f"{_standing(session, seen)}: {_counted(seen)} ({clock})")
        _say_parts(session, seen)
        _say_how_to_open(session, seen)
    raise click.exceptions.Exit(Exit.DONE if seen.is_up else Exit.FAILED)


@monitor.command()
@session_options
def down(session: Session) -> None:
    """End the stack of the twin and remove what it learned; its logs stay.

    \b
    infra-ctl monitor down --context lab
    """
    from infra_ctl.lab.monitor.running import down as end

    _refuse_no_lab(session)
    clock = Stopwatch()
    was_up = end(session.context.lab_folder)
    click.echo(f"monitoring {session.context.name}: " + (f"down ({clock})" if was_up else "was not up"))


@monitor.command()
@session_options
def status(session: Session) -> None:
    """What runs of the stack, and what it takes; targets that are down; alerts. Exits 1 where not all runs.

    \b
    infra-ctl monitor status --context lab
    infra-ctl monitor status --context lab --output json
    """
    from infra_ctl.cli.export import installed
    from infra_ctl.lab.monitor.standing import status as look

    _refuse_no_lab(session)
    seen = look(session.context.lab_folder, tuple(installed()))
    if session.is_json:
        session.emit(None if seen is None else _told(seen))
    elif seen is None:
        session.say(f"monitoring {session.context.name} is not up: {session.command('monitor up')}")
    else:
        session.say(f"{_standing(session, seen)}: {_counted(seen)}")
        for part in _together(seen.parts):
            session.say(part)
        _say_parts(session, seen)
        _say_seen(session, seen)
    raise click.exceptions.Exit(Exit.DONE if seen is not None and seen.is_up else Exit.FAILED)


def _say_left(session: Session) -> None:
    """What a start that was cut short leaves, and how to go on: the next one goes on where it was."""
    from infra_ctl.lab.monitor.running import begun

    if count := begun(session.context.lab_folder):
        off = session.command("monitor down")
        click.echo(f"{count} parts of the stack run: the same command goes on, {off} ends them", err=True)


def _refuse_no_lab(session: Session) -> None:
    if session.context.kind != "lab":
        raise click.UsageError("the stack is run on a twin alone: --context lab; elsewhere: monitor render")


def _told(seen: Status) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(seen), "is_up": seen.is_up}


def _standing(session: Session, seen: Status) -> str:
    """`monitoring lab:small as dc-monitor-1 --hurry 10`."""
    return f"monitoring {session.context.name} as {seen.host}{f' --hurry {seen.hurry}' * (seen.hurry > 1)}"


def _counted(seen: Status) -> str:
    ready = sum(not part.failure for part in seen.parts)
    taken = [part.usage for part in seen.parts if part.usage]
    memory, cpu = sum(each.memory_bytes for each in taken), sum(each.cpu_seconds for each in taken)
    return f"{ready} of {len(seen.parts)} parts ready · {memory / 1e6:.0f} MB · {cpu:.1f} s of CPU"


def _together(parts: tuple[PartStatus, ...]) -> list[str]:
    """A line a part; those that run on each router are one."""
    rows: dict[str, list[PartStatus]] = {}
    for part in parts:
        rows.setdefault(part.name.partition(" ")[0], []).append(part)
    lines = []
    for name, each in rows.items():
        taken = [part.usage for part in each if part.usage]
        memory, cpu = sum(one.memory_bytes for one in taken), sum(one.cpu_seconds for one in taken)
        where = each[0].url if len(each) == 1 else f"on {len(each)} routers"
        lines.append(f"  {name:<18} {memory / 1e6:>6.1f} MB {cpu:>8.1f} s   {where}")
    return lines


def _say_parts(session: Session, seen: Status) -> None:
    for part in seen.parts:
        if part.failure:
            session.say(f"  not ready  {part.name}: {part.failure}")
    if any(part.failure for part in seen.parts):
        session.say(f"  what is not ready is started again by {session.command('monitor up')}")
    if not seen.is_led_out:
        lan = f"no router of the LAN of {seen.host} is configured, and nothing beyond it can be measured"
        session.say(f"  not led on  {lan}: {session.command('deploy')}")
    for name in seen.missing:
        session.say(f"  not there  {name}: no such exporter is installed (infra-ctl export)")


def _say_seen(session: Session, seen: Status) -> None:
    unscraped = f" · {seen.unscraped} not scraped yet" if seen.unscraped else ""
    known = f"{seen.targets} targets · {len(seen.down)} down{unscraped}"
    session.say(known if seen.targets else "no targets known yet")
    for target in seen.down:
        session.say(f"  down       {target.job} {target.instance}: {target.error}")
    for line in alert_lines(seen.alerts):
        session.say(line)


def alert_lines(alerts: Iterable[Alert]) -> Iterator[str]:
    """Those that are told, a line each; of those that are not, how many of a name, and what explains them."""
    silenced: Counter[tuple[str, str]] = Counter()
    for alert in alerts:
        if alert.severity == "none":
            continue
        if alert.state == "active":
            yield f"  {alert.severity:<10} {alert.name} {alert.about}".rstrip()
        else:
            silenced[alert.name, ", ".join(alert.by)] += 1
    for (name, by), count in sorted(silenced.items()):
        yield f"  silenced   {count} {name}{f', by {by}' if by else ''}"


def _say_how_to_open(session: Session, seen: Status) -> None:
    urls = {part.name: part.url.removeprefix("http://") for part in seen.parts}
    ways = " ".join(
        f"{urls[name].rpartition(':')[2]}:{urls[name]}" for name in ("prometheus", "alertmanager")
    )
    session.say(f"open it   {session.command(f'lab forward {ways}')}")
    session.say("          then http://127.0.0.1:9090 (Prometheus) and http://127.0.0.1:9093 (Alertmanager)")
    session.say(f"look      {session.command('monitor status')}")
    session.say(
        "Grafana   cannot be had here; monitor render writes what it is provisioned with (docs/monitoring.md)"
    )
