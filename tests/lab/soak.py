"""`make soak`: deployments that each meet a random fault, on several living slices side by side.

python -m tests.lab.soak --seed city --count 200 --slices 5     the trials of a seed
python -m tests.lab.soak --seed city --only 113                 one of them again

A trial is dealt from the seed alone; how long everything takes is not, so that a race may need several goes.
What is needed to look into a failure is kept under var/soak/.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import click

from infra_ctl.lab.requirements import requirements
from tests.lab.faults.ground import Ground, ground
from tests.lab.faults.kinds import KINDS
from tests.lab.faults.trial import Trial, Verdict, attempt, deal

KEPT = Path("var/soak")
"""Where failures are written."""

Numbered = tuple[int, Trial]


@dataclass
class Soak:
    """The trials that are left, and how those went that are over; shared by the workers."""

    waiting: Iterator[Numbered]
    count: int
    kept: Path
    """Where failures are written."""
    again: str = ""
    """What deals these trials again; none where they were not dealt."""
    began: float = field(default_factory=time.monotonic)
    over: dict[int, Verdict] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Numbered | None:
        with self._lock:
            return next(self.waiting, None)

    def stop(self) -> None:
        """No other trial begins."""
        with self._lock:
            self.waiting = iter(())

    def tell(self, number: int, verdict: Verdict, seconds: float) -> None:
        """A line for it, and a file where it failed."""
        with self._lock:
            self.over[number] = verdict
            codes = " ".join(str(done.code) for done in verdict.said)
            ends = " ".join(f"{count} {end}" for end, count in Counter(verdict.ends.values()).items())
            word = "well" if verdict.is_well else f"FAILED: {'; '.join(verdict.complaints)}"
            at = time.monotonic() - self.began
            click.echo(
                f"{at:6.0f} s  {len(self.over):>3}/{self.count}  {number:>3}  {verdict.trial}"
                f"  {ends or 'no run':<38} exit {codes:<9} {seconds:5.1f} s  {word}",
            )
            if not verdict.is_well:
                self.kept.mkdir(parents=True, exist_ok=True)
                again = (f"{self.again} --only {number}",) if self.again else ()
                (self.kept / f"{number}.txt").write_text(report(verdict, *again))

    @property
    def well(self) -> int:
        return sum(1 for verdict in self.over.values() if verdict.is_well)


def report(verdict: Verdict, *again: str) -> str:
    """All that is known of a trial, from the command on that does it again."""
    lines = [*again, str(verdict.trial), *verdict.complaints]
    for done in verdict.said:
        lines += [f"--- exit {done.code}", done.out, done.err]
    return "\n".join(lines) + "\n"


def work(soak: Soak, name: str, home: Path, *, postgresql: bool) -> None:
    """One slice, for as long as there are trials."""
    with ground(name, home, postgresql=postgresql) as site:
        while (taken := soak.take()) is not None:
            number, trial = taken
            began = time.monotonic()
            verdict = _attempted(site, trial)
            soak.tell(number, verdict, time.monotonic() - began)
            if not verdict.is_well:
                site.restore()


def _attempted(site: Ground, trial: Trial) -> Verdict:
    """A trial that cannot even be judged has failed."""
    try:
        return attempt(site, trial)
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the other trials go on
        return Verdict(trial, (traceback.format_exc(),), (), {})


def table(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A line a kind."""
    found: dict[str, list[bool]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.trial.kind, []).append(verdict.is_well)
    for kind, well in sorted(found.items()):
        yield f"{kind:<24} {sum(well):>3} of {len(well)}"


def run(
    numbered: Sequence[Numbered], slices: int, kept: Path, again: str = "", under: Path | None = None
) -> Soak:
    """All of these trials, on so many slices `under` a folder; the first one's journal is in PostgreSQL."""
    soak = Soak(iter(numbered), len(numbered), kept, again)
    slices = min(slices, len(numbered))
    with (
        tempfile.TemporaryDirectory(prefix="ic-soak-", dir=under) as home,
        ThreadPoolExecutor(slices) as pool,
    ):
        homes = [Path(home) / f"{index}" for index in range(slices)]
        workers = [
            pool.submit(work, soak, f"s{os.getpid()}x{index}", place, postgresql=index == 0)
            for index, place in enumerate(homes)
        ]
        try:
            for worker in workers:
                worker.result()
        except BaseException:  # Ctrl-C too: what is under way ends, and every slice is taken down
            soak.stop()
            raise
    return soak


def dealt(asked: argparse.Namespace) -> list[Numbered]:
    """The trials that were asked for, each with its number."""
    trials = enumerate(deal(asked.seed, (asked.kind,) if asked.kind else tuple(KINDS)), start=1)
    first, last = (1, asked.count) if asked.only is None else (asked.only, asked.only)
    return list(islice(trials, first - 1, last))


def command(asked: argparse.Namespace) -> str:
    """What deals the same trials again."""
    kind = ("--kind", asked.kind) if asked.kind else ()
    return shlex.join(("python", "-m", "tests.lab.soak", "--seed", asked.seed, *kind))


def asked_for(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line. Ends the program where it makes no sense."""
    parser = argparse.ArgumentParser(prog="soak", description="Deployments that each meet a random fault.")
    parser.add_argument("--seed", default="city")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--slices", type=int, default=5)
    parser.add_argument("--only", type=int, help="one of the trials, by its number")
    parser.add_argument("--kind", choices=tuple(KINDS), help="only those of one kind")
    asked = parser.parse_args(arguments)
    if any(number is not None and number < 1 for number in (asked.count, asked.only, asked.slices)):
        parser.error("nothing to do: --count, --only and --slices begin at 1")
    return asked


def main(arguments: Sequence[str] | None = None) -> int:
    asked = asked_for(arguments)
    if missing := requirements(Path(tempfile.gettempdir())):
        click.echo(f"no lab here: {'; '.join(missing)}", err=True)
        return 2
    numbered = dealt(asked)
    soak = run(numbered, asked.slices, KEPT.joinpath(asked.seed, asked.kind or ""), command(asked))
    click.echo("\n".join(table(soak.over.values())))
    click.echo(
        f"{soak.well} of {len(numbered)} · seed {asked.seed} · {(time.monotonic() - soak.began) / 60:.1f} min"
    )
    return 0 if soak.well == len(numbered) else 1


if __name__ == "__main__":
    sys.exit(main())
