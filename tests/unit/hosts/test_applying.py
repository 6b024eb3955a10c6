"""What is done to a host when things go wrong on the way; real ones: tests/lab/test_host_driver_live.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import quote_plus

import pytest

from infra_ctl.change.operations import File, Operation, Predicted, Run, Service
from infra_ctl.errors import BusyError
from infra_ctl.hosts import applying, deadman, owed
from infra_ctl.hosts.applying import Applying, Outcome, guarded, predict
from infra_ctl.hosts.protocol import Way
from infra_ctl.hosts.session import LinuxHost, Said
from infra_ctl.hosts.translation import Prepared
from infra_ctl.hosts.worker import Worker


@pytest.fixture
def host() -> LinuxHost:
    worker = Worker(lambda _answer: None)
    return worker._adopted(Way(part="a", address="10.0.0.1", username="infra", known_hosts="/none"))


def test_what_answers_to_something_guarded_is_guarded_itself():
    operations = (
        File(id="a/motd", path="/etc/motd", text=""),
        File(id="firewall/rules", path="/etc/nftables.conf", text="", guarded=True),
        Service(id="firewall/nftables", unit="nftables", reload_after=("firewall/rules",)),
        Run(id="firewall/tell", command="true", after=("firewall/nftables",)),
        Run(id="a/run", command="true", after=("a/motd",)),
    )
    assert guarded(operations) == {"firewall/rules", "firewall/nftables", "firewall/tell"}


MOTD = File(id="a/motd", path="/etc/motd", text="new\n")
SSHD = File(id="base/sshd", path="/etc/ssh/sshd_config", text="new\n", guarded=True)
SSH = Service(id="base/ssh", unit="ssh", reload_after=("base/sshd",))


class Stage:
    """A host that is told what to do: what root's shell ran there, and what was on trial."""

    def __init__(self, host: LinuxHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.host = host
        self.ran: list[str] = []
        self.trials: list[str] = []
        self.owed: str | None = None
        self.unit = "running 0"
        """How a unit is, and how often systemd has started it by itself."""
        self.fails: Callable[[str], bool] = lambda _id: False
        """Whether an operation does; it may raise."""
        monkeypatch.setattr(host.connector, "as_root", self.as_root)
        monkeypatch.setattr(host.connector, "is_alive", lambda: True)
        monkeypatch.setattr(host, "gather", self.gather)
        monkeypatch.setattr(applying, "prepare", lambda _host, wanted, _changed: self.prepared(wanted))
        monkeypatch.setattr(applying, "run_host_op", lambda _state, _host, id_: not self.fails(id_))
        monkeypatch.setattr(deadman, "begin", lambda *_: False)
        monkeypatch.setattr(deadman, "arm", lambda *given: self.trials.extend(each.id for each in given[-1]))
        monkeypatch.setattr(deadman, "revert", lambda *_: self.trials.append("taken back"))
        said = SimpleNamespace(stderr_lines=["no space left on device"], stdout_lines=[])
        failed = SimpleNamespace(operation_meta=said)
        monkeypatch.setattr(host.state, "get_op_data_for_host", lambda *_: failed)

    def gather(self, _wanted: object) -> None:
        self.host.facts.values[owed.FACT.key] = self.owed

    def as_root(self, script: str, *_: object) -> Said:
        self.ran.append(script)
        if not script.startswith("systemctl show"):
            return Said(0, "", "")
        sub_state, restarts = self.unit.split()
        return Said(0, f"NRestarts={restarts}\nSubState={sub_state}\n", "")

    @staticmethod
    def prepared(wanted: Operation) -> Prepared:
        return Prepared(wanted.id, Predicted(id=wanted.id, says=wanted.id))

    def apply(self, *operations: Operation) -> Outcome:
        return Applying(self.host, operations, "run-1", None, 60, lambda _what: None).outcome()


@pytest.fixture
def stage(host, monkeypatch) -> Stage:
    return Stage(host, monkeypatch)


def defect(at: str) -> Callable[[str], bool]:
    def fails(id_: str) -> bool:
        if id_ == at:
            raise IndexError("list index out of range")
        return False

    return fails


def test_who_is_told_to_stop_does_so_at_the_next_operation_and_it_is_no_failure(stage):
    told: list[Predicted] = []
    stop = Applying(stage.host, (MOTD, SSHD), "run-1", None, 60, told.append, lambda: "x" if told else "")
    end = stop.outcome()
    assert (end.state, end.at, end.cause) == ("interrupted", SSHD.id, "x")
    assert [each.id for each in end.done] == [MOTD.id]


def test_a_defect_half_way_stops_a_host_there_and_takes_back_what_is_on_trial(stage):
    cause = "a defect of infra-ctl: IndexError: list index out of range"
    stage.fails = defect("base/ssh")
    end = stage.apply(MOTD, SSHD, SSH)
    assert (end.state, end.at, end.cause) == ("taken back", "base/ssh", cause)
    assert [each.id for each in end.done] == ["a/motd"]
    assert stage.trials == ["base/sshd", "base/ssh", "taken back"]
    stage.fails = defect("a/motd")
    end = stage.apply(MOTD, SSHD, SSH)
    assert (end.state, end.at, end.cause) == ("stopped", "a/motd", cause)


@pytest.mark.parametrize("earlier", [frozenset(), frozenset({("base/ssh", "base/sshd")})])
def test_a_file_that_could_not_be_written_leaves_owed_what_was(stage, earlier):
    stage.owed = "\n".join("@".join(map(quote_plus, debt)) for debt in earlier)
    stage.fails = lambda id_: id_ == "base/sshd"
    end = stage.apply(SSHD, SSH)
    assert (end.state, end.cause) == ("taken back", "no space left on device")
    struck = [script for script in stage.ran if script.startswith("rm -f")]
    assert struck == ([] if earlier else [owed.strike({("base/ssh", "base/sshd")})])


@pytest.mark.parametrize(
    ("starts", "before", "after", "state"),
    [
        (False, "running 3", "running 3", "done"),  # it died once last month
        (False, "running 3", "running 4", "stopped"),
        (False, "running 0", "auto-restart 0", "stopped"),
        (True, "running 3", "running 0", "done"),
        (True, "running 3", "running 1", "stopped"),
    ],
)
def test_a_unit_has_died_where_it_did_so_since_it_was_told(stage, starts, before, after, state):
    nginx = Service(id="web/nginx", unit="nginx")
    stage.prepared = lambda wanted: replace(Stage.prepared(wanted), starts=starts)
    stage.unit = before

    def told(_id: str) -> bool:
        stage.unit = after
        return False

    stage.fails = told
    assert stage.apply(nginx).state == state


def test_only_what_a_trial_is_about_is_armed(stage):
    sooner = SSHD.model_copy(update={"id": "base/sooner"})
    stage.prepared = lambda wanted: None if wanted is sooner else Stage.prepared(wanted)
    stage.fails = defect("base/ssh")
    assert stage.apply(sooner, MOTD, SSHD, SSH).state == "taken back"
    assert stage.trials == ["base/sshd", "base/ssh", "taken back"]


def test_a_host_where_something_is_on_trial_is_never_as_it_should_be(host, monkeypatch):
    asked: list[str] = []

    def gather(wanted) -> None:
        asked.extend(each.key for each in wanted)
        host.facts.values |= {owed.FACT.key: None, deadman.ON_TRIAL.key: on_trial}

    monkeypatch.setattr(host, "gather", gather)
    on_trial = None
    assert predict(host, (), "run-1") == ()
    assert asked[0] == deadman.ON_TRIAL.key  # what it says must not be younger than the rest
    on_trial = "run-1 20"
    assert [each.says for each in predict(host, (), "run-1")] == ["take back what is on trial"]
    with pytest.raises(BusyError, match="run-1 is on trial for another 20 s"):
        predict(host, ())
