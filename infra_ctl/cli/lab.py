"""`infra-ctl lab`: the twin of the network on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli import completion
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, stages
from infra_ctl.cli.session import Session, device_argument, selector_argument, session_options
from infra_ctl.errors import SelectorError

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.lab.forward import Forward
    from infra_ctl.lab.state import Fault

PORTS = 65536


@click.group()
def lab() -> None:
    """A living twin of the network on this machine: the same inventory, the same addresses, real routers.

    \b
    infra-ctl lab up                        the whole city
    infra-ctl lab up pop=nk or site=dc      a slice of it
    infra-ctl lab shell nk-pop1             a login on a router
    infra-ctl plan --context lab            every command works on it
    """


place_argument = click.argument("node", shell_complete=completion.places)


def folder(session: Session) -> Path:
    """The lab that the context names: `lab` or `live` mean the one called `city`."""
    return session.context.lab_folder


@lab.command()
@selector_argument
@click.option(
    "--hosts",
    metavar="SELECTOR",
    shell_complete=completion.host_selectors,
    help="Boot these hosts behind their routers too; `all` are all.",
)
@click.option(
    "--parts",
    metavar="SELECTOR",
    shell_complete=completion.selectors,
    help="Of these routers the host part too: queues, SNMP; `all` are all. Else those that hosts are behind.",
)
@click.option(
    "--rooms",
    metavar="SELECTOR",
    shell_complete=completion.selectors,
    help="Boot the video rooms at the sites of these devices too; `all` are all of the twin's.",
)
@click.option("--in-band", is_flag=True, help="Only the data centre is on the management bridge.")
@session_options
def up(
    session: Session,
    selector: tuple[str, ...],
    *,
    hosts: str | None,
    parts: str | None,
    rooms: str | None,
    in_band: bool,
) -> None:
    """Boot the twin of the selected devices, with generated keys and secrets of its own.

    Hosts are booted where they are asked for. Selectors of hosts have keys of their own: host, site, zone,
    role, system, database, level.

    \b
    infra-ctl lab up
    infra-ctl lab up pop=nk or site=dc --context lab:small
    infra-ctl lab up role=core --hosts "zone=dmz or dc-db-1"
    infra-ctl lab up site=nk --parts all    queues and SNMP agents on its routers too
    infra-ctl lab up pop=nk or site=dc --hosts role=registrar --rooms pop=nk
    infra-ctl lab up --in-band              wards are reached through their circuits alone
    """
    from infra_ctl.city import ALL
    from infra_ctl.lab.city import Beside, rooms_at, twin_of
    from infra_ctl.lab.twin import up as boot

    city = session.city()
    clock = Stopwatch()
    hostnames = city.select(" ".join(selector))
    beside = Beside(
        hosts=() if hosts is None else tuple(city.select_hosts(hosts)),
        parts=None if parts is None else tuple(city.select("" if parts == ALL else parts)),
        rooms=() if rooms is None else rooms_at(city, _meant(city, hostnames, rooms)),
    )
    spec = twin_of(session.context.lab_name, city, hostnames, folder(session), beside, in_band=in_band)
    with stages() as progress:
        boot(spec, folder(session), progress)
    more = f"{len(spec.hosts)} hosts, " if spec.hosts else ""
    more += f"{len(spec.rooms)} rooms, " if spec.rooms else ""
    click.echo(f"lab {spec.name}: {len(spec.nodes)} nodes, {more}{len(spec.links)} links up ({clock})")


def _meant(city: City, hostnames: Sequence[str], selector: str) -> Sequence[str]:
    """Of the twin's devices those that a selector means. Raises SelectorError where there is none."""
    if selector == "all":
        return hostnames
    selected = set(city.select(selector))
    if found := [host for host in hostnames if host in selected]:
        return found
    raise SelectorError(1, f"'{selector}' means no device of this twin")


@lab.command()
@session_options
def down(session: Session) -> None:
    """Take the twin down; its keys and logs stay.

    \b
    infra-ctl lab down
    """
    from infra_ctl.lab.twin import down as take_down

    clock = Stopwatch()
    with stages() as progress:
        was_up = take_down(folder(session), progress)
    click.echo(f"lab {session.context.lab_name}: " + (f"down ({clock})" if was_up else "was not up"))


@lab.command()
@session_options
def status(session: Session) -> None:
    """What is up, what is off, what is broken on purpose. Exits 1 where no lab is up.

    \b
    infra-ctl lab status --output json
    """
    from dataclasses import asdict

    from infra_ctl.lab.twin import status as look

    seen = look(folder(session))
    if session.is_json:
        session.emit(None if seen is None else asdict(seen))
    elif seen is None:
        click.echo(f"lab {session.context.lab_name} is not up: {session.command('lab up')}")
    else:
        off = [node.hostname for node in (*seen.nodes, *seen.hosts, *seen.rooms) if node.pid is None]
        management = ", managed in-band" if seen.in_band else ""
        whole = "" if seen.built else ", not whole"
        more = f", {len(seen.hosts)} hosts" if seen.hosts else ""
        more += f", {len(seen.rooms)} rooms" if seen.rooms else ""
        click.echo(f"lab {seen.name}: {len(seen.nodes)} nodes{more}{management}{whole}")
        for hostname in off:
            click.echo(f"  off     {hostname}")
        for fault in seen.faults:
            click.echo(f"  fault   {in_words(fault)}")
    raise click.exceptions.Exit(Exit.FAILED if seen is None else Exit.DONE)


def in_words(fault: Fault) -> str:
    """`loss 5% of video nk-cai-khe-1`."""
    amount = (
        ""
        if fault.amount is None
        else f" {fault.amount:g}"
        if fault.kind == "rate"
        else f" {fault.amount:.1%}"
    )
    return f"{fault.kind}{amount}{' of video' if fault.video else ''} {fault.object}"


@lab.command("exec", context_settings={"ignore_unknown_options": True})
@place_argument
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@session_options
def exec_(session: Session, node: str, command: tuple[str, ...]) -> None:
    """Run a command on a NODE of the twin, in its management network (`mgmt`), or by the stack (`monitor`).

    \b
    infra-ctl lab exec nk-pop1 -- vtysh -c "show ip ospf neighbor"
    infra-ctl lab exec mgmt -- ping -c1 10.0.1.1
    """
    from infra_ctl.lab.enter import command as enter

    done = subprocess.run(enter(folder(session), node, command), check=False)  # noqa: S603 - as asked
    raise click.exceptions.Exit(done.returncode)


@lab.command()
@place_argument
@session_options
def shell(session: Session, node: str) -> None:
    """A shell on a NODE of the twin, or in its management network (`mgmt`).

    \b
    infra-ctl lab shell dc-core1
    """
    from infra_ctl.lab.enter import shell as enter

    command = enter(folder(session), node)
    os.execvp(command[0], command)  # noqa: S606 - the shell takes this process's place and terminal


@lab.command("break")
@click.argument("kind", type=click.Choice(["cut", "loss", "rate", "off", "killed"]))
@click.argument("object_name", metavar="OBJECT", shell_complete=completion.breakable)
@click.option("--amount", type=float, help="A ratio for loss (0.03), Mbit/s for rate.")
@click.option("--dark", is_flag=True, help="A cut that the routers notice at once: the light goes.")
@click.option("--video", is_flag=True, help="A loss in the class of video alone.")
@session_options
def break_(
    session: Session, kind: str, object_name: str, *, amount: float | None, dark: bool, video: bool
) -> None:
    """Break something: a circuit (cut, loss, rate), a node (off), a daemon (killed, NODE/DAEMON).

    \b
    infra-ctl lab break cut nk-cai-khe-1
    infra-ctl lab break loss nk-cai-khe-1 --amount 0.03 --video
    infra-ctl lab break killed nk-pop1/ospfd
    """
    from infra_ctl.lab.faults import break_ as do
    from infra_ctl.lab.state import Fault

    fault = Fault(kind, object_name, amount, dark, video)  # type: ignore[arg-type]  # click has checked the kind
    do(folder(session), fault)
    click.echo(f"broken: {in_words(fault)}; undo: {session.command(f'lab heal {object_name}')}")


@lab.command()
@device_argument("node")
@session_options
def swap(session: Session, node: str) -> None:
    """Put new hardware in a NODE's place: an empty disk, its day-0 configuration, another host key.

    \b
    infra-ctl lab swap nk-an-hoa-ce1
    """
    from infra_ctl.lab.twin import swap as do

    fingerprint = do(folder(session), node)
    click.echo(f"{node}: new hardware on day 0, host key {fingerprint}")


@lab.command()
@click.argument("object_name", metavar="[OBJECT]", required=False, shell_complete=completion.breakable)
@session_options
def heal(session: Session, object_name: str | None) -> None:
    """Undo the faults of one object, or all of them.

    \b
    infra-ctl lab heal
    """
    from infra_ctl.lab.faults import heal as do

    healed = do(folder(session), object_name)
    for fault in healed:
        click.echo(f"healed: {in_words(fault)}")
    if not healed:
        click.echo(f"nothing of {object_name} was broken" if object_name else "nothing was broken")


@lab.command()
@click.argument("ways", nargs=-1, required=True, metavar="PORT:ADDRESS:PORT...")
@session_options
def forward(session: Session, ways: tuple[str, ...]) -> None:
    """Relay ports of 127.0.0.1 into the twin, until Ctrl-C; for browsers. Port 0 is any that is free.

    \b
    infra-ctl lab forward 9090:10.20.0.19:9090 9093:10.20.0.19:9093
    infra-ctl lab forward 8443:[2001:db8:9212::20]:443
    """
    from infra_ctl.lab.forward import forward as relay

    forwards = [way_of(word) for word in ways]
    told: set[tuple[Forward, str]] = set()

    def refused(way: Forward, cause: str) -> None:
        """A browser asks again and again: a cause is told once."""
        if (way, cause) not in told:
            told.add((way, cause))
            click.echo(f"{way.address} port {way.to_port}: {cause}", err=True)

    def ready(ports: tuple[int, ...]) -> None:
        for port, way in zip(ports, forwards, strict=True):
            click.echo(f"http://127.0.0.1:{port}  →  {way.address} port {way.to_port}")

    relay(folder(session), forwards, ready, refused)


def way_of(word: str) -> Forward:
    """`9090:10.20.0.19:9090`, `9090:[2001:db8::19]:9090`. Raises UsageError."""
    from ipaddress import ip_address

    from infra_ctl.lab.forward import Forward

    port, _, rest = word.partition(":")
    address, _, to_port = rest.rpartition(":")
    if address.startswith("[") is not address.endswith("]"):
        address = ""
    try:
        found = Forward(int(port), ip_address(address.strip("[]")), int(to_port))
    except ValueError as error:
        wanted = "PORT:ADDRESS:PORT, as in 3000:10.20.0.20:3000 or 3000:[2001:db8::20]:3000"
        raise click.UsageError(f"'{word}' is not {wanted}") from error
    if not (0 <= found.port < PORTS and 0 < found.to_port < PORTS):
        raise click.UsageError(f"'{word}': a port is 1 to {PORTS - 1}, and on this side 0 for any")
    return found
