"""Progress of many devices: a bar on a terminal, plain lines elsewhere. All of it on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.session import console

if TYPE_CHECKING:
    from infra_ctl.change.plan import PlannedDevice, PlannedHost


def devices(count: int, hosts: int = 0) -> str:
    """`1 device`, `103 devices`, `103 devices, 2 hosts`, `2 hosts`."""
    both = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((count, "device"), (hosts, "host"))
    ]
    return ", ".join(both if count and hosts else both[1:] if hosts else both[:1])


def counted(parts: Iterable[PlannedDevice | PlannedHost]) -> str:
    """As `devices`; a router and its host part are one."""
    from infra_ctl.change.plan import PlannedHost

    found = list(parts)
    hosts = {each.name for each in found if isinstance(each, PlannedHost)}
    routers = {each.name for each in found} - hosts
    routers |= {router for name in hosts for router, part, _ in [name.partition("/")] if part}
    return devices(len(routers), sum("/" not in name for name in hosts))


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s`."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


@contextmanager
def counting(what: str, total: int, hosts: int = 0) -> Iterator[Callable[[str], None]]:
    """Yields a function to call once a device or host is done; its argument is its name."""
    told = f"{what} {devices(total, hosts)}"
    with bar(told, total + hosts, lambda line: click.echo(line, err=True)) as (say, advance):
        if not console(stderr=True).is_terminal:
            say(told)
        yield lambda _hostname: advance()


@contextmanager
def bar(
    what: str, total: int, say: Callable[[str], None]
) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Yields `say`, whose lines appear above the bar where there is one, and what moves the bar on."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield say, lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # A redirected stdout gets its lines as they are; on a terminal they have to go around the bar.
    with Progress(*columns, console=screen, redirect_stdout=sys.stdout.isatty()) as progress:
        task = progress.add_task(what, total=total)
        yield say, lambda: progress.advance(task)


class Stopwatch:
    """Seconds since it was made, as people read them."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s"


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a function to tell a stage, how many of it are done and how many there are."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        told: set[str] = set()

        def tell(stage: str, _done: int, of: int) -> None:
            if stage not in told:
                told.add(stage)
                click.echo(f"{stage} ({of})" if of > 1 else stage, err=True)

        yield tell
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=screen) as progress:

        def show(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=of)
            progress.update(tasks[stage], completed=done, total=of)

        yield show


def names(hosts: Sequence[str], most: int) -> str:
    """`a b c … and 45 more`."""
    return some(hosts, most, " ")


def some(words: Sequence[str], most: int, between: str = " · ") -> str:
    more = f" … and {len(words) - most} more" if len(words) > most else ""
    return between.join(words[:most]) + more
