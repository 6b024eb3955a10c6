"""What was done, and what is kept: runs and looks of the journal, and the repository of backups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.backup.copies import Copy, Kept, kept
from infra_ctl.backup.repository import last_read
from infra_ctl.city import City
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.exhibit import Fact, Line, Scalar
from infra_ctl.errors import InfraCtlError, UnknownError
from infra_ctl.journal.records import PROCEDURE, Looked, Run, Step
from infra_ctl.journal.store import Journal

LOOKED_BACK = timedelta(days=90)
"""For runs that nobody explains."""
GOOD_FOR = timedelta(hours=26)
"""A look for drift says nothing of later; a day's look may be two hours late."""
CHECKED = "(check)"
"""At the end of a procedure's reason: it was only to say what it would do."""
_BACKUP = tuple(name for name in FACTS if name.startswith("backup."))


@dataclass(frozen=True, slots=True)
class Machine:
    """A device or host, and all that is kept and looked at of it by names of their own."""

    subject: Subject
    site: str
    names: tuple[str, ...]
    """Its own, and that of its host part."""


def collect(
    city: City, context: str, journal: Journal, backups: Path, parts: Collection[str], at: datetime
) -> Mapping[Subject, Part]:
    """Of the city and of every device and host; `parts` are the host parts that the context has.

    Raises JournalError.
    """
    drift = _Drift(journal.looks(context), journal.last_steps(context), at)
    backup = _backups(backups, context, at)
    unexplained = {"change.unexplained": _unexplained(journal, context, at)}
    found: dict[Subject, Part] = {("city", city.inventory.city.slug): Part(facts=unexplained)}
    for machine in _machines(city, parts):
        looked, stored = drift.of(machine), backup(machine)
        found[machine.subject] = Part(
            facts={**looked.facts, **stored.facts}, missing={**looked.missing, **stored.missing}
        )
    return found


def _machines(city: City, parts: Collection[str]) -> Iterator[Machine]:
    for hostname, intent in city.intents.items():
        part = f"{hostname}/host"
        yield Machine(("device", hostname), intent.site, (hostname, *((part,) if part in parts else ())))
    for name, host in city.hosts.items():
        yield Machine(("host", name), host.site, (name,))


def _unexplained(journal: Journal, context: str, at: datetime) -> tuple[Fact, ...]:
    """Runs that changed something and have no reason or no ticket; one that undoes another has that one's."""
    steps = [step for step, _ in journal.ended(context, at - LOOKED_BACK)]
    runs = {run: journal.run(run) for run in dict.fromkeys(step.run for step in steps)}
    changing = dict.fromkeys(step.run for step in steps if _changed(runs[step.run], step))
    lacking = ((runs[each], _lacks(runs[each], journal)) for each in changing)
    return tuple(_fact(run.id, f"run {run.id}", _in_words(run, what)) for run, what in lacking if what)


def _changed(run: Run, step: Step) -> bool:
    """A procedure ends well where it only looked, too: what its tasks changed is its diff."""
    return run.kind != PROCEDURE or (bool(step.diff) and not run.reason.endswith(CHECKED))


def _lacks(run: Run, journal: Journal) -> str:
    """`reason and no ticket`; empty where it has both."""
    said = (run, journal.run(run.undoes)) if run.undoes else (run,)
    return " and no ".join(
        each for each in ("reason", "ticket") if not any(getattr(one, each) for one in said)
    )


def _in_words(run: Run, lacks: str) -> str:
    return f"{run.kind} of {run.user}@{run.host}, {_moment(run.started)}, has no {lacks}"


@dataclass(frozen=True, slots=True)
class _Drift:
    """The last looks for drift, and what runs did since."""

    looks: Mapping[str, Looked]
    steps: Mapping[str, tuple[Step, datetime]]
    at: datetime

    def of(self, machine: Machine) -> Part:
        if cause := next(filter(None, map(self._obstacle, machine.names)), ""):
            return Part(missing={"drift.lines": cause})
        looks = [self.looks[name] for name in machine.names]
        words = ", ".join(f"{each.object}: {each.lines} differ, {_moment(each.at)}" for each in looks)
        lines = sum(each.lines or 0 for each in looks)
        return Part(facts={"drift.lines": (_fact(lines, "infra-ctl drift", words),)})

    def _obstacle(self, name: str) -> str:
        """Why nobody knows how it is now; empty where somebody does."""
        look = self.looks.get(name)
        if look is None:
            return f"nobody has looked at {name} for drift yet: infra-ctl drift"
        step, ended = self.steps.get(name, (None, datetime.min))
        if step is not None and ended > look.at:
            return f"run {step.run} was at {name} since the last look for drift: infra-ctl drift"
        if self.at - look.at > GOOD_FOR:
            return f"nobody has looked at {name} for drift since {_moment(look.at)}: infra-ctl drift"
        return f"an older version looked at {name}: infra-ctl drift" if look.lines is None else ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Who has the newest of what, and when it was read."""

    kept: Kept
    read: Mapping[str, datetime]
    folder: Path
    at: datetime

    def of(self, machine: Machine) -> Part:
        have = self._having(machine)
        if not have:
            return _nothing(f"{self.folder} has nothing of {machine.subject[1]}: infra-ctl backup")
        age = max((self.at - self.read[name]).total_seconds() for name in machine.names)
        facts = {
            "backup.age": tuple(_of(copy, age) for copy in have),
            "backup.copies": (_fact(len(have), str(self.folder), ", ".join(map(_words, have))),),
            "backup.elsewhere": tuple(
                _of(copy, copy.site) for copy in have if copy.site not in ("", machine.site)
            ),
            "backup.media": tuple(_of(copy, copy.media) for copy in _first_of_each(have)),
        }
        unsaid = [copy for copy in have if copy.encrypted is None]
        plain = [copy for copy in have if copy.encrypted is False]
        if unsaid and not plain:
            return Part(facts=facts, missing={"backup.encrypted": _unsaid(unsaid[0], self.folder)})
        return Part(facts={**facts, "backup.encrypted": (_of((plain or have)[0], not plain),)})

    def _having(self, machine: Machine) -> Sequence[Copy]:
        """The copies that have all of a machine as it was last read."""
        if not all(name in self.read for name in machine.names):
            return ()
        having = [self.kept.of(name) for name in machine.names]
        return [copy for copy in having[0] if all(copy in each for each in having[1:])]


def _backups(folder: Path, context: str, at: datetime) -> Callable[[Machine], Part]:
    """What is said of a machine's backups; of all the same where there are none, or nobody can read them."""
    try:
        return _Kept(kept(folder, context), last_read(folder), folder, at).of
    except UnknownError as error:
        same = _nothing(f"{error}")
    except InfraCtlError as error:
        same = Part(missing=dict.fromkeys(_BACKUP, f"{error}"))
    return lambda _machine: same


def _nothing(cause: str) -> Part:
    """No copy: that is known, and is no gap in what is known."""
    none = dict.fromkeys(("backup.age", "backup.elsewhere", "backup.media"), ())
    return Part(
        facts={**none, "backup.copies": (_fact(0, "backup", cause),)}, missing={"backup.encrypted": cause}
    )


def _first_of_each(copies: Sequence[Copy]) -> Sequence[Copy]:
    """A copy each kind of media that is said."""
    kinds = {copy.media: copy for copy in reversed(copies) if copy.media}
    return [kinds[kind] for kind in sorted(kinds)]


def _unsaid(copy: Copy, folder: Path) -> str:
    where = f"remote.{copy.name}" if copy.name else "infra-ctl"
    return f"nobody says whether it is encrypted: git -C {folder} config {where}.encrypted true"


def _of(copy: Copy, value: Scalar) -> Fact:
    return _fact(value, f"backup {copy.name or 'here'}", _words(copy))


def _words(copy: Copy) -> str:
    """`/srv/city.git at bk, on tape, encrypted`."""
    where = f" at {copy.site}" if copy.site else ""
    media = f", on {copy.media}" if copy.media else ""
    sealed = {True: ", encrypted", False: ", not encrypted", None: ""}[copy.encrypted]
    return f"{copy.place}{where}{media}{sealed}"


def _fact(value: Scalar, asked: str, words: str) -> Fact:
    return Fact(value, Line(asked, 0, words))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
