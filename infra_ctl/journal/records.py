"""What the journal remembers, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from infra_ctl.outcome import Verdict


def now() -> datetime:
    """UTC without a zone: SQLite keeps none."""
    return datetime.now(UTC).replace(tzinfo=None)


class RunState(StrEnum):
    """`running` until its last line is written; a run whose process is gone was `killed`."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    KILLED = "killed"


class Order(StrEnum):
    """What a run is told from another terminal, between two of its waves."""

    PAUSE = "pause"
    CONTINUE = "continue"
    ABORT = "abort"


class StepState(StrEnum):
    """Where a device or host stands in a run. All from `confirmed` on are ends: resuming leaves them."""

    WAITING = "waiting"
    APPLYING = "applying"
    APPLIED = "applied"
    CONFIRMING = "confirming"
    SETTLING = "settling"
    """The session was lost: the device is asked what it did."""
    RESTORING = "restoring"
    CONFIRMED = "confirmed"
    RESTORED = "restored"
    NOT_RESTORED = "NOT RESTORED"
    FAILED = "failed"
    """This run left nothing on the device."""
    UNKNOWN = "unknown"
    """The session was lost under way; the dead-man timer decides, the next plan reads which."""
    DONE = "done"
    """A host that is as it was to be."""
    STOPPED = "stopped"
    """A host on which an operation failed: what came before it is done, and nothing after it."""


PROCEDURE = "procedure"
"""Kind of a run that stands beside others: what it does to the network it does by runs of its own."""

WELL = frozenset({StepState.CONFIRMED, StepState.DONE})
"""How a device and a host end that are as they were meant to be."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a run is for, as its engineer said it; `inventory` is the inventory's digest."""

    kind: str
    context: str
    reason: str
    ticket: str
    inventory: str
    undoes: str = ""
    """The run that it takes back; empty for a deployment."""


@dataclass(frozen=True, slots=True)
class Run:
    """One `deploy` or `rollback`, from its first line to its last. `started` and `ended` are in UTC."""

    id: str
    kind: str
    context: str
    reason: str
    ticket: str
    inventory: str
    user: str
    host: str
    process: str
    """Id and start time of its process, so that a reused id is not taken for it."""
    started: datetime
    ended: datetime | None
    state: RunState
    summary: str
    token: str
    """Its name on the devices: two journals count alike, and the other one's run is none of ours."""
    beat: datetime | None
    """When it was last heard of, UTC."""
    answered: str
    """Paths that answered before anything was done, a line each: source, address, `full` or `small`."""
    undoes: str = ""
    """The run that it takes back; empty for a deployment."""
    failures: int = 0
    """How often it had not ended well when it was resumed."""

    @property
    def why(self) -> str:
        """The reason and the ticket, where they were given."""
        return " ".join(part for part in (self.reason, f"({self.ticket})" if self.ticket else "") if part)


@dataclass(frozen=True, slots=True)
class Step:
    """One device or host in a run. `diff` is masked; fingerprints are of the masked normal form."""

    run: str
    device: str
    wave: int
    state: StepState
    cause: str
    diff: str
    base: str
    result: str
    before: str = ""
    """Digest of the snapshot that was taken before anything was done; empty where nothing was."""
    after: str = ""
    """Digest of the snapshot that was taken when the change was confirmed."""
    had: str = ""
    """What was up before anything was done, a line each."""
    secrets: str = ""
    """Keyed hash of the snapshot before with its secrets, so that one that changed since is noticed."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a device was like before anything was done to it."""

    text: str
    """What it ran, masked."""
    secrets: str
    """See Step."""
    had: tuple[str, ...]
    """What was up on it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a device's timeline."""

    run: str
    device: str
    at: datetime
    state: StepState
    detail: str


@dataclass(frozen=True, slots=True)
class Given:
    """An order, and who gave it."""

    order: Order
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Synced:
    """A device seen to run what was intended: while both stay the same, nothing needs staging.

    After a rollback nothing of it is as intended: `intended` and `running` are empty then.
    """

    device: str
    intended: str
    """Keyed hash of the intended text with its secrets resolved."""
    running: str
    """Fingerprint of the running configuration's normal form; empty while it has foreign lines."""
    text: str
    """The intended text, with `vault:` references; after a rollback what it runs of ours, masked."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The last look at a device or host for drift. Times are in UTC."""

    object: str
    at: datetime
    drifted: bool
    right: datetime | None
    """When it was last seen without; None where it never was."""
    lines: int | None = None
    """Lines and operations that differ from what is intended, held ones too; None where nobody counted."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What an audit is to judge, and why it is run."""

    name: str
    """In audits.yaml; empty where somebody asked by hand."""
    context: str
    laws: tuple[str, ...]
    where: str
    """A selector; empty for everything."""
    inventory: str
    """The inventory's digest."""
    objects: int
    """How many it is about."""
    due: datetime | None = None
    """The occasion that it is run for, UTC."""


@dataclass(frozen=True, slots=True)
class Audit:
    """One run of judging. Times are in UTC, without a zone."""

    id: str
    """`A2026-11-27-001`."""
    name: str
    """In audits.yaml; empty where somebody asked by hand."""
    context: str
    laws: tuple[str, ...]
    where: str
    """A selector; empty for everything."""
    inventory: str
    """The inventory's digest."""
    user: str
    host: str
    process: str
    """Id and start time of its process."""
    due: datetime | None
    """The occasion that it was run for."""
    started: datetime
    ended: datetime | None
    state: RunState
    counts: Mapping[Verdict, int]
    """Findings that are kept, so far where it has not ended."""
    by_law: Mapping[str, Mapping[Verdict, int]] = field(default_factory=dict)
    """The same, law by law."""
    objects: int = 0
    """How many it is about."""
    judged: int = 0
    """How many of them are judged and kept."""
    beat: datetime | None = None
    """When it was last heard of."""


class Telling(StrEnum):
    """Where a message stands. All but the first two are ends."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    NOTHING = "nothing"
    """There was nothing new to tell, or nobody is told here."""
    GIVEN_UP = "given up"
    """It could not be sent for too long, or there is nobody to send it to."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one addressee is told of one audit. Times are in UTC, without a zone."""

    audit: str
    addressee: str
    context: str
    name: str
    """Of the audit, in audits.yaml."""
    made: datetime
    state: Telling
    tries: int
    at: datetime
    """When it was last tried, or got where it stands."""
    why: str
    """What was against it, the last time; empty for nothing."""
    host: str
    process: str
    """Who is sending it."""
    content: str
    """The news, as JSON."""

    @property
    def id(self) -> str:
        """The same however often it is sent."""
        return f"{self.audit}/{self.addressee}"
