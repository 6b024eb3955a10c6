"""The journal tells the truth, also of runs that ended without a word."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from infra_ctl.errors import InfraCtlError, RefusedError, UnknownError
from infra_ctl.journal.process import is_alive
from infra_ctl.journal.records import (
    PROCEDURE,
    Before,
    Looked,
    Order,
    RunState,
    StepState,
    Synced,
    now,
)
from infra_ctl.journal.store import Journal
from tests.unit.journal.conftest import PURPOSE, bring_up, execute, steps


def test_a_run_is_told_from_first_to_last(journal: Journal) -> None:
    run = journal.start_run(PURPOSE, steps)
    journal.record(run.id, "nk-pop1", StepState.APPLYING)
    journal.record(run.id, "nk-pop1", StepState.CONFIRMED, result="f9")
    journal.finish_run(run.id, RunState.DONE, "1 confirmed")

    told = journal.run(run.id)
    assert (told.state, told.reason, told.ticket) == (RunState.DONE, "IPv6 in An Hòa", "CT-812")
    assert [step.device for step in journal.steps(run.id)] == ["nk-an-hoa-ce1", "nk-pop1"]
    assert journal.steps(run.id)[1].result == "f9"
    assert [event.state for event in journal.events(run.id, "nk-pop1")] == ["applying", "confirmed"]
    assert journal.events(run.id, "nk-an-hoa-ce1") == ()


def test_ids_count_within_a_day(journal: Journal) -> None:
    ids = []
    for _ in range(3):
        run = journal.start_run(PURPOSE, lambda _run: ())
        journal.finish_run(run.id, RunState.DONE, "")
        ids.append(run.id.rsplit("-", 1)[1])
    assert ids == ["001", "002", "003"]
    assert [run.id[-3:] for run in journal.runs()] == ["003", "002", "001"]


def test_a_second_run_is_refused_while_the_first_lives(journal: Journal) -> None:
    first = journal.start_run(PURPOSE, lambda _run: ())
    with pytest.raises(RefusedError, match=first.id):
        journal.start_run(PURPOSE, lambda _run: ())


def test_a_run_whose_process_is_gone_was_killed(journal: Journal, url: str) -> None:
    first = journal.start_run(PURPOSE, lambda _run: ())
    execute(url, "update runs set process = '1:0'")  # a process id of an earlier life of the machine
    assert journal.run(first.id).state is RunState.KILLED
    second = journal.start_run(PURPOSE, lambda _run: ())
    assert journal.run(first.id).state is RunState.KILLED
    assert second.state is RunState.RUNNING


def test_the_newest_pair_of_a_device_is_kept(journal: Journal) -> None:
    journal.remember_synced("lab", [Synced("a", "i1", "r1", "t1"), Synced("b", "i1", "r1", "t1")])
    journal.remember_synced("lab", [Synced("a", "i2", "r2", "t2")])
    assert journal.synced("lab") == {"a": Synced("a", "i2", "r2", "t2"), "b": Synced("b", "i1", "r1", "t1")}
    assert journal.synced("other") == {}


def test_an_unknown_run_says_where_to_look(journal: Journal) -> None:
    with pytest.raises(InfraCtlError, match="infra-ctl runs"):
        journal.run("2026-11-21-999")


def test_of_two_runs_that_start_together_one_is_refused(url: str) -> None:
    """Two processes, as two terminals are: each has a journal of its own over the same file."""
    bring_up(url)
    code = (
        "import sys, time\n"
        "from infra_ctl.errors import RefusedError\n"
        "from infra_ctl.journal.records import Purpose\n"
        "from infra_ctl.journal.opening import open_journal\n"
        "journal = open_journal(sys.argv[1])\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try:\n"
        "    print(journal.start_run(Purpose('deploy', 'lab', '', '', ''), lambda run: ()).id, flush=True)\n"
        "except RefusedError:\n"
        "    print('refused', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code, url]
    four = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [line(process) for process in four] == ["ready"] * 4
    for process in four:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(line(process) for process in four)
    for process in four:
        process.communicate("end\n")
    assert said[0].endswith("-001")
    assert said[1:] == ["refused"] * 3


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


# What a run is resumed and rolled back from


def test_a_run_keeps_its_plan(journal: Journal) -> None:
    run = journal.start_run(PURPOSE, steps, '{"waves": [["nk-an-hoa-ce1"]]}')
    assert journal.plan(run.id) == '{"waves": [["nk-an-hoa-ce1"]]}'
    assert run.token.startswith(f"{run.id}-")
    assert journal.run(run.id).token == run.token


def test_a_snapshot_is_kept_once_whoever_ran_it(journal: Journal, url: str) -> None:
    run = journal.start_run(PURPOSE, steps)
    text = "interface eth0\n description Phường An Hòa \udcff\n" * 100
    for device in ("nk-pop1", "nk-an-hoa-ce1"):
        before = Before(text, "hash", ("interface eth0", "bgp neighbour 10.0.0.1"))
        journal.begin(run.id, device, StepState.APPLYING, "lease 1", before)
        journal.record(run.id, device, StepState.CONFIRMED, after=text)
    told = journal.steps(run.id)
    (digest,) = {step.before for step in told} | {step.after for step in told}
    assert {step.had for step in told} == {"interface eth0\nbgp neighbour 10.0.0.1"}
    assert journal.snapshot(digest) == text
    ((size,),) = execute(url, "select length(content) from snapshots")
    assert size < len(text) / 10
    with pytest.raises(UnknownError, match="no snapshot ffff"):
        journal.snapshot("ffff")


def test_the_newest_order_counts(journal: Journal) -> None:
    run = journal.start_run(PURPOSE, steps)
    assert journal.last_order(run.id) is None
    journal.give_order(run.id, Order.PAUSE)
    journal.give_order(run.id, Order.ABORT)
    assert journal.last_order(run.id) is Order.ABORT


def test_a_run_whose_process_is_gone_is_reopened_and_a_living_one_is_not(journal: Journal, url: str) -> None:
    run = journal.start_run(PURPOSE, steps)
    with pytest.raises(RefusedError, match=run.id):
        journal.reopen_run(run)
    execute(url, "update runs set process = '1:0'")
    journal.reopen_run(run)
    assert journal.run(run.id).state is RunState.RUNNING
    assert journal.run(run.id).token == run.token


def test_runs_that_take_one_back_are_known_and_orders_with_their_givers(journal: Journal) -> None:
    first = journal.start_run(PURPOSE, steps)
    journal.give_order(first.id, Order.PAUSE)
    journal.give_order(first.id, Order.ABORT)
    journal.finish_run(first.id, RunState.DONE, "")
    assert journal.undone_by(first.id) == ()
    back = journal.start_run(replace(PURPOSE, kind="rollback", undoes=first.id), steps)
    assert journal.run(back.id).undoes == first.id
    assert journal.undone_by(first.id) == (back.id,)
    assert [given.order for given in journal.orders(first.id)] == [Order.PAUSE, Order.ABORT]
    assert {given.user for given in journal.orders(first.id)} == {first.user}


# Runs of other machines


def test_a_run_of_another_machine_lives_while_it_is_heard_of(journal: Journal, url: str) -> None:
    run = journal.start_run(PURPOSE, steps)
    execute(url, "update runs set host = 'elsewhere', started = '2026-01-01 00:00:00'")
    assert is_alive(journal.run(run.id)), "it was heard of just now"
    with pytest.raises(RefusedError, match=run.id):
        journal.start_run(PURPOSE, steps)
    execute(url, "update runs set beat = '2026-01-01 00:00:00'")
    assert not is_alive(journal.run(run.id))
    journal.beat(run.id)
    assert is_alive(journal.run(run.id))
    execute(url, "update runs set beat = '2036-01-01 00:00:00'")
    assert not is_alive(journal.run(run.id)), "a clock that was set back keeps nobody out for years"


def test_orphans_are_dead_runs_of_this_machine_and_context(journal: Journal, url: str) -> None:
    dead = journal.start_run(PURPOSE, steps)
    execute(url, "update runs set process = '1:0'")
    mine = journal.start_run(PURPOSE, steps)
    assert journal.orphans(mine) == (dead.token,)
    assert journal.orphans(dead) == (), "a living one is no orphan"
    execute(url, f"update runs set started = '2036-01-01 00:00:00' where id = '{dead.id}'")
    assert journal.orphans(mine) == (dead.token,), "whatever the clock was set to meanwhile"
    execute(url, f"update runs set host = 'elsewhere' where id = '{dead.id}'")
    assert journal.orphans(mine) == ()


def test_what_hosts_need_no_more_is_remembered_by_context(journal: Journal) -> None:
    assert journal.converged("live") == {}
    journal.remember_converged("live", {"dc-app-1": "[]", "dc-db-1": '["old"]'})
    journal.remember_converged("live", {"dc-db-1": '["new"]'})
    journal.remember_converged("lab:city", {"dc-app-1": '["other"]'})
    journal.remember_converged("live", {})
    assert journal.converged("live") == {"dc-app-1": "[]", "dc-db-1": '["new"]'}
    assert journal.converged("lab:city") == {"dc-app-1": '["other"]'}
    assert journal.synced("live") == {}, "a host is not a device"


def test_what_runs_left_behind_is_known_with_when_and_so_is_what_they_were_at(journal: Journal) -> None:
    """Of a context, after a time, oldest first; a device that is still under way has ended nothing."""
    start = now()
    first = journal.start_run(PURPOSE, steps).id
    journal.record(first, "nk-pop1", StepState.APPLYING)
    journal.record(first, "nk-pop1", StepState.CONFIRMED)
    journal.record(first, "nk-an-hoa-ce1", StepState.RESTORED)
    journal.finish_run(first, RunState.FAILED, "")
    between = now()
    second = journal.start_run(PURPOSE, steps).id
    journal.record(second, "nk-an-hoa-ce1", StepState.DONE)
    journal.record(second, "nk-pop1", StepState.APPLYING)

    left = journal.ended("lab", start)
    assert [(step.run, step.device, step.state) for step, _ in left] == [
        (first, "nk-pop1", StepState.CONFIRMED),
        (second, "nk-an-hoa-ce1", StepState.DONE),
    ]
    assert start < left[0][1] < between < left[1][1] < now()
    assert [step.run for step, _ in journal.ended("lab", between)] == [second]
    assert journal.ended("live", start) == ()
    assert journal.touched("lab", start) == {"nk-pop1", "nk-an-hoa-ce1"}
    assert journal.touched("lab", now()) == journal.touched("live", start) == frozenset()


def test_the_newest_look_at_each_is_kept_by_context(journal: Journal) -> None:
    first, second = now(), now() + timedelta(hours=1)
    journal.remember_looks("lab", ())
    journal.remember_looks("lab", [Looked(name, first, drifted=False, right=first) for name in ("a", "b")])
    journal.remember_looks("live", [Looked("a", first, drifted=True, right=None)])
    newest = Looked("a", second, drifted=True, right=first, lines=3)
    journal.remember_looks("lab", [newest])
    assert journal.looks("lab") == {"a": newest, "b": Looked("b", first, drifted=False, right=first)}
    assert journal.looks("live")["a"].drifted


def test_the_last_step_that_left_something_is_known_of_each(journal: Journal) -> None:
    pop, ward = "nk-pop1", "nk-an-hoa-ce1"
    first = journal.start_run(PURPOSE, steps).id
    for device in (pop, ward):
        journal.record(first, device, StepState.APPLYING)
        journal.record(first, device, StepState.CONFIRMED)
    journal.finish_run(first, RunState.DONE, "")
    second = journal.start_run(PURPOSE, steps).id
    journal.record(second, pop, StepState.RESTORED)
    journal.record(second, ward, StepState.UNKNOWN, cause="cut")
    journal.finish_run(second, RunState.FAILED, "")
    procedure = journal.start_run(replace(PURPOSE, kind=PROCEDURE), steps).id
    journal.record(procedure, pop, StepState.DONE)
    found = {name: (step.run, step.state) for name, (step, _) in journal.last_steps("lab").items()}
    assert found == {pop: (first, StepState.CONFIRMED), ward: (second, StepState.UNKNOWN)}
    assert journal.last_steps("lab")[ward][1] == journal.events(second, ward)[-1].at
    assert journal.last_steps("live") == {}
