"""`infra-ctl report`: what is stored as documents, to sign, to print, to send, to count with."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from infra_ctl.cli import completion
from infra_ctl.cli.session import Session, language_option, session_options
from infra_ctl.errors import UnknownError, UnusableError

if TYPE_CHECKING:
    from infra_ctl.inventory.kinds import Language
    from infra_ctl.journal.records import Audit
    from infra_ctl.report.document import Document
    from infra_ctl.report.monitored import Ask
    from infra_ctl.report.scope import Scope
    from infra_ctl.report.wanted import Sources, Wanted

P = ParamSpec("P")
R = TypeVar("R")

FORMS = ("html", "pdf", "csv", "json", "junit")


@dataclass(frozen=True, slots=True)
class Way:
    """How a report is to be handed over."""

    form: str
    file: Path | None
    language: Language
    templates: Path | None


@click.group()
def report() -> None:
    """Reports from what is stored: nothing is asked of any device, nothing is judged anew.

    \b
    infra-ctl report audit -o audit.html
    infra-ctl report half-year --period 2026H2 --unit 31117 -o cai-khe.pdf
    infra-ctl report yearly --period 2026 -o security.pdf
    infra-ctl report changes --period 2026-11 -f csv -o changes.csv
    """


ENDINGS = {"": "html", "htm": "html", "xml": "junit", **dict(zip(FORMS, FORMS, strict=True))}
"""What the end of a file's name says of its form."""


def _form(form: str | None, file: Path | None, *, is_json: bool) -> str:
    """What was asked for, else what the file's name says, else a page. Raises UnusableError."""
    if form:
        return form
    if file is None:
        return "json" if is_json else "html"
    if (said := ENDINGS.get(file.suffix.removeprefix(".").lower())) is None:
        raise UnusableError(
            f"{file}: '{file.suffix}' is no form of a report: -f says which, of {', '.join(FORMS)}"
        )
    return said


def report_options(
    command: Callable[Concatenate[Session, Way, P], R],
) -> Callable[P, R]:
    """Give a report `-f`, `-o`, `--language` and `--templates`, and a Way behind its Session."""

    @click.option("-f", "--format", "form", type=click.Choice(FORMS), help="html, or what -o's name says.")
    @click.option(
        "-o",
        "--out",
        "file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write to a file, and not to stdout.",
    )
    @language_option("Of the report.")
    @click.option(
        "--templates",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="Folder whose report/*.j2 go before ours of the same name.",
    )
    @session_options
    @functools.wraps(command)
    def wrapped(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> R:
        options: dict[str, Any] = dict(kwargs)
        file, form = options.pop("file"), options.pop("form")
        way = Way(
            _form(form, file, is_json=session.is_json),
            file,
            options.pop("language"),
            options.pop("templates"),
        )
        _refuse_no_place(way)
        return command(session, way, *args, **options)

    return wrapped


def period_option(command: Callable[P, R]) -> Callable[P, R]:
    return click.option(
        "--period",
        metavar="PERIOD",
        shell_complete=completion.periods,
        help="2026, 2026H2, 2026Q3 or 2026-11: days of Vietnam.",
    )(command)


def unit_option(command: Callable[P, R]) -> Callable[P, R]:
    return click.option(
        "--unit",
        metavar="CODE",
        shell_complete=completion.units,
        help="Of one unit and those beneath it; of the whole city without.",
    )(command)


def prometheus_option(command: Callable[P, R]) -> Callable[P, R]:
    return click.option(
        "--prometheus",
        default="",
        metavar="URL",
        help="Which one has measured; nothing of it is in the report without.",
    )(command)


@report.command()
@click.argument("audit_id", required=False, metavar="[AUDIT]", shell_complete=completion.audits)
@click.option(
    "--name",
    metavar="NAME",
    shell_complete=completion.audit_names,
    help="The newest of a name in audits.yaml.",
)
@period_option
@unit_option
@report_options
def audit(
    session: Session,
    way: Way,
    *,
    audit_id: str | None,
    name: str | None,
    period: str | None,
    unit: str | None,
) -> None:
    """One audit: what fails, the worst first, with the lines that prove it; what is waived; the trend.

    The newest that has ended, without AUDIT. Shows what tests show as well: -f junit.

    \b
    infra-ctl report audit
    infra-ctl report audit A2026-11-27-001 -f pdf -o audit.pdf
    infra-ctl report audit --name monthly --period 2026-11 -f junit -o audit.xml
    """
    from infra_ctl.journal.records import now
    from infra_ctl.report import audit as of
    from infra_ctl.report.period import period as named
    from infra_ctl.report.scope import scope

    if audit_id and (name or period):
        raise click.UsageError("AUDIT says which one: leave --name and --period out")
    sources = drawn_from(session)
    which = of.Which(audit_id or "", name, named(period) if period else None)
    within = scope(sources.city.inventory, unit)
    if way.form == "junit":
        deliver(session, way, _junit(sources, of.chosen(sources, which), within, way))
    else:
        hand_over(session, way, of.document(sources, which, within, now()))


def _junit(sources: Sources, audit: Audit | None, within: Scope, way: Way) -> bytes:
    from infra_ctl.report.audit import judged
    from infra_ctl.report.findings import Naming
    from infra_ctl.report.junit import text

    naming = Naming(sources.laws, sources.city.inventory)
    found = judged(sources, audit, within).findings if audit else ()
    return text(audit, found, naming, way.language).encode()


@report.command()
@period_option
@unit_option
@report_options
def changes(session: Session, way: Way, *, period: str | None, unit: str | None) -> None:
    """Every change of a period, with its reason and ticket; those that nobody explained come first.

    This month without --period.

    \b
    infra-ctl report changes
    infra-ctl report changes --period 2026H2 -f pdf -o changes.pdf
    infra-ctl report changes --period 2026Q4 --unit 916 --language en -f csv
    """
    from infra_ctl.report.changes import document
    from infra_ctl.report.period import month, today

    sources = drawn_from(session)
    hand_over(session, way, document(sources, wanted(sources, period or month(today()).name, unit)))


@report.command("half-year")
@period_option
@unit_option
@prometheus_option
@report_options
def half_year(session: Session, way: Way, *, period: str | None, unit: str | None, prometheus: str) -> None:
    """What a unit reports every six months; without --unit the city's, as the sum of its units.

    The half year of today without --period. What was not measured says why.

    \b
    infra-ctl report half-year --period 2026H2 --unit 31117 -f pdf -o cai-khe.pdf
    infra-ctl report half-year --period 2026H2 --prometheus https://10.19.0.19:9090 -o city.html
    """
    from infra_ctl.report.half_year import document, reporting_half
    from infra_ctl.report.period import half, today
    from infra_ctl.report.reading import read

    sources = drawn_from(session)
    asked = wanted(sources, period or half(today()).name, unit)
    asking = _asking(session, prometheus)
    now, before = (
        read(sources, reporting_half(each), asked.made, session.context.backup, asking)
        for each in (asked.period, asked.period.before)
    )
    hand_over(session, way, document(sources, asked, now, before))


@report.command()
@period_option
@unit_option
@prometheus_option
@report_options
def survey(session: Session, way: Way, *, period: str | None, unit: str | None, prometheus: str) -> None:
    """What there is: sites, circuits, routers, hosts, systems, rooms, IPv6, and what units counted.

    Of today; --period says of when the imported figures are (this half year's without).

    \b
    infra-ctl procedure run survey
    infra-ctl report survey --unit 916 -f pdf -o ninh-kieu.pdf
    """
    from infra_ctl.report.period import half, today
    from infra_ctl.report.reading import read
    from infra_ctl.report.survey import document
    from infra_ctl.report.surveyed import surveyed

    sources = drawn_from(session)
    asked = wanted(sources, period or half(today()).name, unit)
    found = read(sources, asked.period, asked.made, session.context.backup, _asking(session, prometheus))
    hand_over(session, way, document(sources, asked, found, surveyed(session.context.var)))


@report.command()
@period_option
@unit_option
@prometheus_option
@report_options
def yearly(session: Session, way: Way, *, period: str | None, unit: str | None, prometheus: str) -> None:
    """The yearly security report: systems with their levels and measures, incidents, drills, changes, trend.

    A year is from 15 December to 14 December, as Decree 331/2026 counts. This year without --period.

    \b
    infra-ctl report yearly -o security.html
    infra-ctl report yearly --period 2026 --unit so-tttt -f pdf -o security.pdf
    """
    from infra_ctl.report.period import today, year
    from infra_ctl.report.reading import read
    from infra_ctl.report.yearly import document, reporting_year

    sources = drawn_from(session)
    asked = wanted(sources, period or year(today()).name, unit)
    asking = _asking(session, prometheus)
    now, before = (
        read(sources, reporting_year(each), asked.made, session.context.backup, asking)
        for each in (asked.period, asked.period.before)
    )
    hand_over(session, way, document(sources, asked, now, before))


def _asking(session: Session, url: str) -> Ask | None:
    """The Prometheus at a URL. Raises UnusableError for what is no address of one."""
    if not url:
        return None
    from infra_ctl.monitor.querying import servers
    from infra_ctl.report.monitored import prometheus

    city = session.city()
    resolve = session.masking(city).resolve
    (server,) = servers(city, resolve, url, is_plain=session.context.kind == "lab")
    return prometheus(server)


def drawn_from(session: Session) -> Sources:
    """The city and what is stored of it; a journal is not made for a report."""
    from infra_ctl.controls.loading import laws
    from infra_ctl.report.targets import mandates
    from infra_ctl.report.wanted import Sources

    city, folder = session.city(), session.context.inventory
    try:
        journal = session.kept_journal()
    except UnknownError:
        journal = None
    return Sources(city, session.context.name, journal, laws(folder), mandates(folder))


def wanted(sources: Sources, period: str, unit: str | None) -> Wanted:
    """Raises UnknownError for a period or a unit that there is not."""
    from infra_ctl.journal.records import now
    from infra_ctl.report.period import period as named
    from infra_ctl.report.scope import scope
    from infra_ctl.report.wanted import Wanted

    return Wanted(named(period), scope(sources.city.inventory, unit), now())


def hand_over(session: Session, way: Way, document: Document) -> None:
    """Write or print a report as it was asked for."""
    if way.form == "junit":
        raise click.UsageError("junit is a form of `report audit` alone: it has a verdict a control")
    deliver(session, way, _WRITERS[way.form](document, way))


def deliver(session: Session, way: Way, content: bytes) -> None:
    """Put a finished report where it belongs."""
    if way.file is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    _write(way.file, content)
    if session.is_json:
        session.emit({"file": str(way.file), "form": way.form, "bytes": len(content)})
        return
    session.say(f"saved  {way.file}")


def _write(file: Path, content: bytes) -> None:
    """All of it or nothing; into what is no plain file, such as /dev/stdout, in its place."""
    if file.is_symlink() or (file.exists() and not file.is_file()):
        file.write_bytes(content)
        return
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_bytes(content)
    fresh.replace(file)


def _refuse_no_place(way: Way) -> None:
    """Before anything is read. Raises UnusableError."""
    if way.file is None:
        if way.form == "pdf" and sys.stdout.isatty():
            raise click.UsageError("a PDF is not for a terminal: -o FILE")
        return
    if not way.file.absolute().parent.is_dir():
        raise UnusableError(f"{way.file}: there is no folder {way.file.absolute().parent}")


def _html(document: Document, way: Way) -> bytes:
    from infra_ctl.report.page import html

    return html(document, way.language, way.templates).encode()


def _pdf(document: Document, way: Way) -> bytes:
    from infra_ctl.report.paper import pdf

    return pdf(document, way.language, way.templates)


def _csv(document: Document, way: Way) -> bytes:
    from infra_ctl.report.sheet import text

    return text(document, way.language).encode()


def _json(document: Document, _way: Way) -> bytes:
    from infra_ctl.report.values import values

    return (json.dumps(values(document), ensure_ascii=False, indent=2) + "\n").encode()


_WRITERS: Mapping[str, Callable[[Document, Way], bytes]] = {
    "html": _html,
    "pdf": _pdf,
    "csv": _csv,
    "json": _json,
}
