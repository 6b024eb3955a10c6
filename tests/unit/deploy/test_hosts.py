"""Hosts in a run: leased, done or stopped, journalled as they go, and gone on with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from infra_ctl.change.operations import File, Operation, Service, read, written
from infra_ctl.change.plan import PlannedHost, Status
from infra_ctl.deploy.hosts import HostStepper
from infra_ctl.deploy.leases import Lease
from infra_ctl.deploy.rollout import Rollout
from infra_ctl.deploy.step import Ended
from infra_ctl.deploy.watch import Watch
from infra_ctl.drivers.embedded_hosts import HostFault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import BusyError, JournalError, SessionLostError, UnreachableError
from infra_ctl.journal.records import Purpose, RunState, Step, StepState
from tests.unit.conftest import bare_plan
from tests.unit.deploy.conftest import MASKING, Bench
from tests.unit.watched_hosts import WatchedHosts, fleet

RULES = File(id="firewall/rules", path="/etc/nftables.conf", text="tcp dport 22 accept\n", guarded=True)
SITE = File(id="portal/site", path="/etc/nginx/sites-enabled/portal", text="password vault:ospf/key\n")
NGINX = Service(id="portal/nginx", unit="nginx", reload_after=("portal/site",))
ALL: tuple[Operation, ...] = (RULES, SITE, NGINX)


def planned(name: str, operations: tuple[Operation, ...] = ALL) -> PlannedHost:
    return PlannedHost(name=name, status=Status.CHANGED, operations=operations)


@dataclass
class Stage:
    """Hosts of one run, and what was told of them."""

    bench: Bench
    hosts: WatchedHosts = field(default_factory=WatchedHosts)
    told: list[tuple[str, str]] = field(default_factory=list)
    ended: list[tuple[str, StepState]] = field(default_factory=list)

    def stepper(self, *names: str, orphans: tuple[str, ...] = ()) -> HostStepper:
        """A new run of these hosts; the one before it has ended."""
        self.over()
        steps = [(name, StepState.WAITING) for name in names]
        run = self.bench.journal.start_run(
            Purpose("deploy", "embedded", "a test", "", "digest"),
            lambda run: [Step(run, name, 1, state, "", "", "", "") for name, state in steps],
        )
        self.bench.run = run.id
        return self.again(run.id, run.token, *names, orphans=orphans)

    def over(self) -> None:
        if self.bench.run:
            self.bench.journal.finish_run(self.bench.run, RunState.DONE, "")

    def again(self, run: str, token: str, *names: str, orphans: tuple[str, ...] = ()) -> HostStepper:
        return HostStepper(
            run=run,
            lease=Lease("an@noc1", token, 300, orphans),
            journal=self.bench.journal,
            hosts=fleet(self.hosts),
            routers=Fleet(self.bench.open),
            planned={name: planned(name) for name in names},
            masking=MASKING,
            synced={"app": written((RULES,))},
            revert_in=60,
        )

    def converge(self, *names: str) -> dict[str, Ended]:
        return self.stepper(*names).converge(
            names,
            lambda name, done: self.told.append((name, done)),
            lambda name, end: self.ended.append((name, end.state)),
        )

    def states(self, name: str) -> list[str]:
        return self.bench.written(name)


@pytest.fixture
def stage(bench: Bench) -> Stage:
    return Stage(bench)


def test_a_host_ends_done_each_operation_told_and_journalled(stage: Stage) -> None:
    assert stage.converge("app") == {"app": Ended(StepState.DONE)}
    assert stage.told == [("app", RULES.path), ("app", SITE.path), ("app", "start and enable nginx")]
    assert stage.states("app") == ["applying"] * 4 + ["done"]
    assert [each.detail for each in stage.bench.journal.events(stage.bench.run)][1:4] == [
        done for _, done in stage.told
    ]
    assert not stage.hosts.is_held("app")


def test_secrets_are_put_in_for_the_host_and_kept_out_of_the_journal(stage: Stage) -> None:
    stage.converge("app")
    assert stage.hosts.machines["app"].files[SITE.path].text == "password 0spf-s3cret\n"
    step = stage.bench.step("app")
    assert read(stage.bench.journal.snapshot(step.after)) == ALL
    assert read(stage.bench.journal.snapshot(step.before)) == (RULES,)


def test_a_secret_that_the_vault_has_no_more_keeps_nobody_from_going_on(stage: Stage) -> None:
    former = replace(stage.stepper("app"), synced={"app": written((SITE,)).replace("ospf/key", "gone/key")})
    ends = former.converge(["app"], lambda *_: None, lambda *_: None)
    assert ends["app"].state is StepState.DONE
    assert stage.bench.step("app").secrets == ""


def test_a_host_that_stops_says_where_and_the_others_go_on(stage: Stage) -> None:
    stage.hosts.faults["app"] = HostFault(fails_at=SITE.id, cause="no space: 0spf-s3cret")
    ends = stage.converge("app", "db")
    assert ends["app"] == Ended(StepState.STOPPED, "at portal/site: no space: vault:ospf/key")
    assert ends["db"].state is StepState.DONE
    assert stage.states("app") == ["applying", "applying", "stopped"]


def test_what_a_host_took_back_by_itself_is_said_loudly(stage: Stage) -> None:
    stage.hosts.faults["app"] = HostFault(locks_out=True)
    cause = "TAKEN BACK: at firewall/rules: locks us out: timed out"
    assert stage.converge("app")["app"] == Ended(StepState.STOPPED, cause)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UnreachableError("app", "no route"), StepState.FAILED),
        (BusyError("app", "leased to binh@noc2"), StepState.FAILED),
        (SessionLostError("app", "cut"), StepState.UNKNOWN),
    ],
)
def test_nothing_was_done_is_said_only_where_that_is_known(
    stage: Stage, error: UnreachableError | BusyError | SessionLostError, state: StepState
) -> None:
    stage.hosts.silent["app"] = error
    assert stage.converge("app") == {"app": Ended(state, error.cause)}


def test_a_host_that_another_run_holds_is_not_touched(stage: Stage) -> None:
    stage.hosts.lease("app", "binh@noc2", "2026-11-21-001-beef", 300)
    ends = stage.converge("app", "db")
    assert ends["app"].state is StepState.FAILED
    assert "2026-11-21-001-beef" in ends["app"].cause
    assert stage.hosts.order == ["db"]
    assert stage.hosts.is_held("app")


def test_what_a_killed_run_of_ours_holds_is_given_back_first(stage: Stage) -> None:
    stage.hosts.lease("app", "an@noc1", "dead-run", 300)
    stepper = stage.stepper("app", orphans=("dead-run",))
    ends = stepper.converge(["app"], lambda *_: None, lambda *_: None)
    assert ends["app"].state is StepState.DONE


def test_a_host_part_is_held_by_its_router_too(stage: Stage) -> None:
    ends = stage.converge("core/host")
    assert ends["core/host"].state is StepState.DONE
    assert [what for what in stage.bench.said("core") if what in ("lease", "release")] == ["lease", "release"]


def test_a_host_part_waits_for_whoever_holds_its_router(stage: Stage) -> None:
    with stage.bench.devices.driver("core") as device:
        device.lease("binh@noc2", "another-run", 300)
    ends = stage.converge("core/host")
    assert ends["core/host"].state is StepState.FAILED
    assert "another-run" in ends["core/host"].cause
    assert stage.hosts.order == []


def test_a_router_whose_part_cannot_be_held_is_given_back(stage: Stage) -> None:
    stage.hosts.faults["core/host"] = HostFault(unreachable=True)
    ends = stage.converge("core/host")
    assert ends == {"core/host": Ended(StepState.FAILED, "timed out")}
    assert [what for what in stage.bench.said("core") if what in ("lease", "release")] == ["lease", "release"]
    with stage.bench.devices.driver("core") as device:
        device.lease("binh@noc2", "another-run", 300)


def test_a_defect_in_the_middle_leaves_no_host_unspoken_of(stage: Stage) -> None:
    stage.hosts.raises = KeyError("portal")
    ends = stage.converge("app", "db")
    assert {name: ended.state for name, ended in ends.items()} == dict.fromkeys(
        ("app", "db"), StepState.UNKNOWN
    )
    assert "a defect of infra-ctl: KeyError" in ends["app"].cause
    assert [name for name, _ in stage.ended] == ["app", "db"]


def test_a_journal_that_is_gone_ends_the_run_and_gives_the_hosts_back(stage: Stage) -> None:
    stage.hosts.raises = JournalError("its file is gone")
    with pytest.raises(JournalError):
        stage.converge("app")
    assert not stage.hosts.is_held("app")


def left(stage: Stage, states: dict[str, StepState]) -> HostStepper:
    """A run whose hosts were left in these states."""
    stepper = stage.stepper(*states)
    for name, state in states.items():
        stage.bench.journal.record(stepper.run, name, state)
    return stepper


def looked(stage: Stage, stepper: HostStepper) -> tuple[dict[str, StepState], frozenset[str]]:
    steps = {step.device: step for step in stage.bench.journal.steps(stepper.run)}
    ends, more = stepper.look(steps)
    return {name: ended.state for name, ended in ends.items()}, more


def test_going_on_asks_every_host_what_is_left(stage: Stage) -> None:
    stage.converge("done", "found")
    stage.hosts.bring("half", [RULES])
    states = {
        "done": StepState.DONE,
        "found": StepState.APPLYING,
        "half": StepState.STOPPED,
        "lost": StepState.UNKNOWN,
        "new": StepState.WAITING,
    }
    ends, more = looked(stage, left(stage, states))
    assert ends == {"done": StepState.DONE}
    assert more == {"found", "half", "lost", "new"}
    assert stage.states("half")[-2:] == ["settling", "waiting"]


def test_a_host_that_needs_nothing_any_more_is_seen_to_its_end_before_it_is_called_done(stage: Stage) -> None:
    """The timer may still take back what was left on trial."""
    stage.converge("begun", "new")
    stepper = left(stage, {"begun": StepState.APPLYING, "new": StepState.WAITING})
    assert looked(stage, stepper) == ({"new": StepState.DONE}, frozenset({"begun"}))
    ends = stepper.converge(["begun"], lambda *_: None, lambda *_: None)
    assert ends == {"begun": Ended(StepState.DONE)}


def test_what_the_run_itself_has_on_trial_is_done_again_and_what_another_has_is_not(stage: Stage) -> None:
    stage.converge("ours", "theirs")
    stepper = left(stage, {"ours": StepState.WAITING, "theirs": StepState.WAITING})
    stage.hosts.faults["ours"] = HostFault(on_trial=stepper.lease.token)
    stage.hosts.faults["theirs"] = HostFault(on_trial="run-2")
    assert looked(stage, stepper) == ({"theirs": StepState.FAILED}, frozenset({"ours"}))


def test_a_host_that_changed_since_it_was_done_is_not_changed_again(stage: Stage) -> None:
    ends, more = looked(stage, left(stage, {"app": StepState.DONE}))
    assert (ends, more) == ({"app": StepState.UNKNOWN}, frozenset())


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (StepState.WAITING, StepState.FAILED),
        (StepState.APPLYING, StepState.UNKNOWN),
        (StepState.STOPPED, StepState.STOPPED),
        (StepState.DONE, StepState.DONE),
    ],
)
def test_of_a_host_that_cannot_be_asked_the_journal_is_believed(
    stage: Stage, state: StepState, end: StepState
) -> None:
    stage.hosts.silent["app"] = UnreachableError("app", "no route")
    assert looked(stage, left(stage, {"app": state})) == ({"app": end}, frozenset())


def test_the_budget_is_of_devices_and_hosts_together(stage: Stage) -> None:
    """A device that fails and a host that stops are two; the wave after is not begun."""
    bench = stage.bench
    waves = (("ward",), ("app",), ("db",))

    def result(budget: int) -> dict[str, StepState]:
        stage.hosts.machines.clear()
        stage.hosts.faults["app"] = HostFault(fails_at=SITE.id, cause="no space")
        device = bench.planned("ward").model_copy(update={"base": "another"})
        plan = bare_plan([device], (("ward",),)).model_copy(
            update={"hosts": (planned("app"), planned("db")), "waves": waves, "cuts": ((),) * 3}
        )
        watch = Watch(Fleet(bench.open), ((),) * 3, plan.cuts)
        stage.over()
        stepper = bench.stepper(device)
        hosts = stage.stepper("app", "db")
        rollout = Rollout(
            plan, stepper, Fleet(bench.open), {"ward": "something else"}, watch, budget, hosts=hosts
        )
        ended = rollout.go()
        assert ended.state is RunState.FAILED
        return {name: end.state for name, end in ended.ends.items()}

    failed, stopped, done = StepState.FAILED, StepState.STOPPED, StepState.DONE
    assert result(0) == {"ward": failed}
    assert result(1) == {"ward": failed, "app": stopped}
    assert result(2) == {"ward": failed, "app": stopped, "db": done}
