"""`infra-ctl monitor`: what watches the city, from the same inventory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.places import folder_option
from infra_ctl.cli.session import Session, session_options

if TYPE_CHECKING:
    from infra_ctl.monitor.grafana import Language
    from infra_ctl.monitor.rendering import Written
    from infra_ctl.monitor.stack import Discovery


@click.group()
def monitor() -> None:
    """What watches the city: Prometheus, its rules, who is told, Grafana."""


@monitor.command()
@folder_option("The folder to write; it is replaced as a whole.")
@click.option("--host", metavar="HOST", help="The monitoring host that it is for; the data centre's without.")
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
@click.option(
    "--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Of boards."
)
@click.option(
    "--rules",
    "overrides",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of rules that go before ours of the same name, or beside them.",
)
@click.option("--sink", metavar="URL", help="Tell everything to this webhook, and nobody else anything.")
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
) -> None:
    """Write the configuration of the whole monitoring stack, checked by the tools that read it.

    A stack that is not for the live network tells nobody, unless there is a --sink.

    \b
    infra-ctl monitor render -o /etc/infra-ctl/monitor
    infra-ctl monitor render -o /tmp/monitor --sd file --plain --references
    """
    from infra_ctl.monitor.rendering import monitor_files, write
    from infra_ctl.monitor.stack import stack

    if folder is None:
        raise click.UsageError("say where to: -o FOLDER")
    city = session.city()
    if sink is None and session.context.kind != "live":
        sink = ""
    files = monitor_files(stack(city, host, discovery, is_plain=plain, sink=sink), language, overrides)
    written = write(files, folder, None if references else session.vault(city))
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
