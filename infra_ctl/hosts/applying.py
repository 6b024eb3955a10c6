"""One host: what would be done to it, and doing it, operation by operation.

Guarded operations that follow each other are one trial: the dead-man timer is armed, they are done, a new
session is had, the trial is confirmed. Where anything of that fails, they are taken back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile

import gevent
from pyinfra.api.operations import run_host_op
from pyinfra.connectors.sshuserclient import SSHClient
from pyinfra.context import ctx_host

from infra_ctl.change.operations import File, Operation, Predicted, Service, refuse_broken, triggers
from infra_ctl.errors import DeviceError, NotRestoredError, SessionLostError
from infra_ctl.hosts import deadman, owed
from infra_ctl.hosts.cause import telling
from infra_ctl.hosts.facts import contents, differing, facts_of, forget_what_it_changed
from infra_ctl.hosts.protocol import State
from infra_ctl.hosts.session import Asked, LinuxHost, Said, run_as_root
from infra_ctl.hosts.translation import Prepared, prepare

TIMEOUT = 900
"""Seconds that an operation may take which nothing else limits: installing packages is slow."""

HASTE = 2
"""Seconds before the timer by which all that is on trial must have been done."""

GRACE = 30
"""Seconds beyond the timer's within which a host that was taken back is to be reached again."""

TRIES = 3
"""How often a new session is tried before a trial is given up."""

DIED = re.compile(r"^SubState=(failed|auto-restart)$", re.MULTILINE)
"""What systemd says of a unit that was started and is no more."""

RESTARTS = re.compile(r"^NRestarts=(\d+)$", re.MULTILINE)
"""How often it has started a unit by itself since it was last told to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a host ended: see drivers.hosts.HostEnd."""

    state: State
    done: tuple[Predicted, ...]
    at: str = ""
    cause: str = ""


class StoppedError(Exception):
    """An operation failed, or is not to be begun any more: `state` says which."""

    def __init__(self, at: str, cause: str, state: State = "stopped") -> None:
        self.at = at
        self.cause = cause
        self.state: State = state
        super().__init__(f"{at}: {cause}")


def predict(host: LinuxHost, operations: Sequence[Operation], token: str = "") -> tuple[Predicted, ...]:
    """What would be done to a host that is asked anew. Raises DeviceError.

    What is on trial may be taken back any moment, so it is asked for before all else: a host where another
    run has something so is busy; where `token` has, there is something to do though it does not show.
    """
    refuse_broken(operations)
    host.facts.forget()
    host.gather((deadman.ON_TRIAL, owed.FACT, *(fact for each in operations for fact in facts_of(each))))
    on_trial = deadman.is_on_trial(host.name, host.facts.values.pop(deadman.ON_TRIAL.key), token)
    host.gather(differing(host, operations))
    debts = owed.debts(host.facts.values[owed.FACT.key])
    changed: list[Operation] = []
    predicted = [Predicted(id="", says="take back what is on trial")] if on_trial else []
    for each in operations:
        if prepared := prepare(host, each, [*changed, *owed.changes(operations, debts, each)]):
            changed.append(each)
            predicted.append(prepared.what)
    return tuple(predicted)


def texts(host: LinuxHost, operations: Sequence[Operation], kept: Collection[str]) -> dict[str, str]:
    """What the files of `kept` operations have in them now; none of those that are not there.

    Only those are read that have another text than they are to have, and that was so for their diffs already.
    """
    wanted = {each.id: each for each in operations if isinstance(each, File) and each.id in kept}
    asked = [*differing(host, [*wanted.values()])]
    host.gather(asked)
    other = {each.key for each in asked}
    found: dict[str, str] = {}
    for name, file in wanted.items():
        key = contents(file.path).key
        lines = host.facts.values[key] if key in other else file.text.splitlines()
        if lines is not None:
            found[name] = "".join(f"{line}\n" for line in lines)
    return found


def guarded(operations: Sequence[Operation]) -> frozenset[str]:
    """Ids of those that are done on trial: what answers to one that can lock us out can do so too."""
    found: set[str] = set()
    for each in operations:
        if each.guarded or not found.isdisjoint(triggers(each)):
            found.add(each.id)
    return frozenset(found)


@dataclass(slots=True)
class Trial:
    """Guarded operations that are not confirmed yet; `ends` is when the timer takes them back."""

    ends: float
    before: int
    """How many operations had been done before it."""

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()


@dataclass(slots=True)
class Applying:
    """A host under way."""

    host: LinuxHost
    operations: Sequence[Operation]
    token: str
    fence: int | None
    revert_in: int
    told: Callable[[Predicted], None]
    stopping: Callable[[], str] = lambda: ""
    """Why nothing more is to be begun; empty: it is."""
    changed: list[Operation] = field(default_factory=list)
    done: list[Predicted] = field(default_factory=list)
    trial: Trial | None = None
    debts: frozenset[owed.Debt] = frozenset()
    restarts: dict[str, int] = field(default_factory=dict)
    """Of units, by their operation's id: how often they had died before it."""
    at: str = ""
    """The operation that is under way or comes next."""
    touched: bool = False

    def outcome(self) -> Outcome:
        """Do it all. Raises DeviceError where nothing was done."""
        refuse_broken(self.operations)
        self._begin()
        try:
            self._all()
        except StoppedError as stop:
            return self._ended(stop.state, stop.at, stop.cause)
        except SessionLostError as lost:
            if not self.touched:
                raise
            return self._ended(
                "unknown", self.at, f"locks us out: {lost.cause}" if self.trial else lost.cause
            )
        except DeviceError as error:
            if not self.touched:
                raise
            return self._ended("stopped", self.at, error.cause)
        except Exception as error:
            if not self.touched:
                raise
            cause = f"a defect of infra-ctl: {type(error).__name__}: {error}"
            return self._ended("stopped", self.at, cause)
        finally:
            self.host.facts.wanted = ()
        return Outcome("done", tuple(self.done))

    def _all(self) -> None:
        for number, each in enumerate(self.operations):
            self.at = each.id
            self.host.facts.wanted = tuple(self._wanted(self.operations[number:]))
            self._one(each)
        self._confirm()
        self._require_units()

    @staticmethod
    def _wanted(operations: Sequence[Operation]) -> Iterator[Asked]:
        return (fact for each in operations for fact in facts_of(each))

    def _begin(self) -> None:
        """Nothing is done to a host that is another's; what this run left on trial is no more."""
        host = self.host
        if deadman.begin(host.name, host.connector.as_root, self.token, self.fence):
            host.facts.forget()
        host.facts.forget_old()
        host.gather((owed.FACT, *self._wanted(self.operations)))
        self.debts = owed.debts(host.facts.values[owed.FACT.key])

    def _one(self, wanted: Operation) -> None:
        answered = [*self.changed, *owed.changes(self.operations, self.debts, wanted)]
        prepared = prepare(self.host, wanted, answered)
        if prepared is None:
            return
        if not self.trial and (cause := self.stopping()):
            raise StoppedError(wanted.id, cause, "interrupted")
        if wanted.id in guarded(self.operations):
            self._try()
        else:
            self._confirm()
        added = owed.of_change(self.operations, wanted.id) - self.debts
        self._owe(added)
        if isinstance(wanted, Service) and wanted.running:  # a start counts from 0 again
            self.restarts[wanted.id] = 0 if prepared.starts else _restarts(self._shown([wanted])[0])
        self._carry_out(wanted, prepared, added)
        self._pay(frozenset(debt for debt in self.debts if debt[0] == wanted.id))
        self.changed.append(wanted)
        self.done.append(prepared.what)
        forget_what_it_changed(self.host, wanted)
        self.told(prepared.what)

    def _owe(self, debts: frozenset[owed.Debt]) -> None:
        if not debts:
            return
        said = self.host.connector.as_root(owed.note(debts))
        if said.rc != 0:
            raise StoppedError(self.at, telling(said.stderr.splitlines()))
        self.debts |= debts

    def _pay(self, debts: frozenset[owed.Debt]) -> None:
        if debts:
            self.host.connector.as_root(owed.strike(debts))
            self.debts -= debts

    def _carry_out(self, wanted: Operation, prepared: Prepared, added: frozenset[owed.Debt]) -> None:
        host = self.host
        self.touched = True
        host.connector.deadline = self.trial.ends - HASTE if self.trial else time.monotonic() + TIMEOUT
        with ctx_host.use(host):
            succeeded = run_host_op(host.state, host, prepared.hash)
        if succeeded:
            return
        if not host.connector.is_alive() or host.connector.error:
            host.connector.cut()  # what it has not read yet must not be done once it was taken back
            raise SessionLostError(host.name, host.connector.error or "the session was cut")
        if isinstance(wanted, File):  # it is what it was; what an earlier change of it left is owed still
            self._pay(added)
        said = host.state.get_op_data_for_host(host, prepared.hash).operation_meta
        cause = telling((*said.stderr_lines, *said.stdout_lines))
        raise StoppedError(wanted.id, cause or self._reason(wanted) or "ended without a word")

    def _reason(self, wanted: Operation) -> str:
        """What a unit that does not start wrote into its journal."""
        if not isinstance(wanted, Service):
            return ""
        journal = f"journalctl -q -o cat --no-pager -n 20 -u '{wanted.unit}'"
        return telling(self.host.connector.as_root(journal).stdout.splitlines()[::-1])

    def _try(self) -> None:
        """Begin a trial, where there is none: nothing guarded is touched before the timer ticks."""
        if self.trial:
            return
        ids = guarded(self.operations)
        left = dropwhile(lambda each: each.id != self.at, self.operations)  # what is before has been kept
        every = [each for each in left if each.id in ids]
        ends = time.monotonic() + self.revert_in
        shell = self.host.connector.as_root
        deadman.arm(self.host.name, shell, self.token, self.revert_in, self.fence, every)
        self.trial, self.touched = Trial(ends, len(self.done)), True

    def _confirm(self) -> None:
        """Keep what is on trial, where a new session can be had that may become root."""
        if self.trial is None:
            return
        self._require_units()
        client = self._new_session(self.trial)
        deadman.confirm(self.host.name, self._shell(client), self.token)
        self._go_on_over(client)
        self.trial = None

    def _new_session(self, trial: Trial) -> SSHClient:
        last = self.changed[-1].id
        cause = "the time was up before a new session was had"
        for _ in range(TRIES):
            if trial.left < self.host.way.timeout / 2:
                break
            try:
                return self.host.connector.dialled()
            except DeviceError as error:
                cause = error.cause
                gevent.sleep(0.5)
        raise StoppedError(last, f"locks us out: {cause}")

    def _shell(self, client: SSHClient) -> deadman.Shell:
        return lambda script, stdin, timeout: run_as_root(client, self.host.way, script, stdin, timeout)

    def _go_on_over(self, client: SSHClient) -> None:
        connector = self.host.connector
        old, connector.client = connector.client, client
        if old is not None:
            old.close()

    def _ended(self, state: State, at: str, cause: str) -> Outcome:
        """How it ended that was not done; what is on trial is taken back first."""
        trial, self.trial = self.trial, None
        if trial is None:
            return Outcome(state, tuple(self.done), at, cause)
        self.host.facts.forget()
        before = tuple(self.done[: trial.before])
        try:
            taken_back = self._take_back(trial) or self._await_timer(trial)
        except NotRestoredError as error:
            return Outcome("unknown", before, at, f"{cause}; {error.cause}")
        if not taken_back:
            return Outcome("unknown", before, at, f"{cause}; it cannot be seen that this was taken back")
        return Outcome("taken back", before, at, cause)

    def _take_back(self, trial: Trial) -> bool:
        """Now, over the session that there is; where it is cut, the timer does."""
        host, patience = self.host, max(5.0, trial.left)

        def hasty(script: str, stdin: str, timeout: float) -> Said:
            return host.connector.as_root(script, stdin, min(timeout, patience))

        try:
            deadman.revert(host.name, hasty, self.token)
        except NotRestoredError:
            raise
        except DeviceError:
            return False
        return True

    def _await_timer(self, trial: Trial) -> bool:
        """Whether, once the host can be reached again, it says that it is what it was."""
        host = self.host
        while trial.left > -GRACE:
            try:
                client = host.connector.dialled()
                self._go_on_over(client)
                said = deadman.outcome(host.name, self._shell(client), self.token)
                if not said.startswith("pending"):
                    return said == "taken back"
                deadman.revert(host.name, self._shell(client), self.token)
            except NotRestoredError:
                raise
            except DeviceError:
                gevent.sleep(1)
        return False

    def _require_units(self) -> None:
        """A unit that was started and has died since is one that does not start."""
        units = [each for each in self.changed if isinstance(each, Service) and each.running]
        if not units:
            return
        for each, state in zip(units, self._shown(units), strict=False):
            if DIED.search(state) or _restarts(state) > self.restarts[each.id]:
                raise StoppedError(each.id, self._reason(each) or f"{each.unit} died after it was started")

    def _shown(self, units: Sequence[Service]) -> list[str]:
        """What systemd says of each."""
        names = " ".join(f"'{each.unit}'" for each in units)
        shown = self.host.connector.as_root(f"systemctl show -p SubState -p NRestarts {names}").stdout
        return shown.split("\n\n")


def _restarts(shown: str) -> int:
    found = RESTARTS.search(shown)
    return int(found[1]) if found else 0
