"""A procedure with the real ansible-runner, on this machine by other names, and on one that is not there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Timer

import pytest

from infra_ctl.errors import InfraCtlError, UnknownError
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import PROCEDURE, Purpose, Run, RunState, StepState
from infra_ctl.journal.records import Order as JournalOrder
from infra_ctl.journal.store import Journal
from infra_ctl.procedure.events import Answer, Course
from infra_ctl.procedure.playbooks import Playbook
from infra_ctl.procedure.run import Ended, Order, carry_out, folder

DONE, FAILED, STOPPED = StepState.DONE, StepState.FAILED, StepState.STOPPED
HOSTS = """
[all]
a ansible_connection=local
b ansible_connection=local
c ansible_connection=local ansible_become=true ansible_become_user=nobody ansible_become_exe=/bin/false
d ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
[all:vars]
ansible_python_interpreter=/usr/bin/python3
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    opened.close()


@pytest.fixture
def run(journal: Journal) -> Run:
    return journal.start_run(Purpose(PROCEDURE, "live", "why", "", "digest"), lambda _run: ())


def told(
    tmp_path: Path, journal: Journal, run: Run, text: str, stop: Event | None = None, **rest: object
) -> tuple[Ended, list[str]]:
    """Run a playbook on them; what was reported of it."""
    playbook, inventory = tmp_path / "test.yml", tmp_path / "hosts.ini"
    playbook.write_text(text)
    inventory.write_text(HOSTS)
    said: list[str] = []

    def report(answer: Answer | None, course: Course) -> None:
        tally = f"{course.task} {dict(sorted(course.tally.items()))}"
        said.append(tally if answer is None else f"{answer.machine} {answer.outcome}")

    environment = {"ANSIBLE_INVENTORY_ENABLED": "ini", "ANSIBLE_FORKS": "2", "INFRA_CTL_JOURNAL": "p4ssw0rd"}
    order = Order(Playbook("test", playbook, "", ""), inventory, environment, **rest)  # type: ignore[arg-type]
    return carry_out(order, run, journal, tmp_path / "var", report, stop), said


THREE_ENDS = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.command: "true"
      when: inventory_hostname in 'ab'
    - name: Say it
      ansible.builtin.debug:
        msg: "{{ {'a': 'x'}[inventory_hostname] if inventory_hostname != 'b' else undefined_here }}"
      when: inventory_hostname in 'ab'
    - name: Become another
      ansible.builtin.command: "true"
"""


def test_each_machine_has_its_own_end_with_its_cause_and_the_rest_goes_on(
    tmp_path: Path, journal: Journal, run: Run
) -> None:
    ended, said = told(tmp_path, journal, run, THREE_ENDS)
    assert ended.state is RunState.FAILED
    assert ended.machines["a"] == (DONE, "")
    state, cause = ended.machines["b"]
    assert state is STOPPED, "something had been changed"
    assert "'undefined_here' is undefined" in cause
    state, cause = ended.machines["c"]
    assert state is FAILED
    assert cause.startswith("Become another: ")
    state, cause = ended.machines["d"]
    assert (state, cause.startswith("Become another: "), "refused" in cause) == (FAILED, True, True)
    assert not any("\n" in cause for _, cause in ended.machines.values())
    assert ended.summary == "1 done · 1 stopped · 2 failed"
    assert "Change something {'changed': 2, 'skipped': 2}" in said
    steps = {step.device: step for step in journal.steps(run.id)}
    assert {name: step.state for name, step in steps.items()} == {
        "a": DONE,
        "b": STOPPED,
        "c": FAILED,
        "d": FAILED,
    }
    assert steps["a"].diff == "+  Change something\n+  Become another\n"
    assert journal.run(run.id).state is RunState.FAILED


def test_only_on_those_that_were_selected_with_what_was_given_and_only_looking(
    tmp_path: Path, journal: Journal, run: Run
) -> None:
    text = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Write
      ansible.builtin.copy: {dest: "{{ where }}", content: x, mode: "0600"}
"""
    where = tmp_path / "written"
    rest = {"machines": ("a",), "variables": {"where": str(where)}}
    ended, said = told(tmp_path, journal, run, text, check=True, **rest)
    assert (ended.machines, said[0], where.exists()) == ({"a": (DONE, "")}, "a changed", False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- hosts: all\n  tasks:\n    - name: x\n      no_such_module: {}\n", "no_such_module"),
        ("- hosts: '{{ target }}'\n  tasks: []\n", "'target' is undefined"),
        ("- hosts: [\n", ""),
        (
            "- hosts: all\n  gather_facts: false\n  vars_files: [vault.yml]\n  tasks:\n    - debug: {}\n",
            "vault secrets",
        ),
    ],
)
def test_what_cannot_begin_is_said_in_a_line_and_nobody_is_asked(
    tmp_path: Path, journal: Journal, run: Run, text: str, why: str
) -> None:
    (tmp_path / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    ended, _ = told(tmp_path, journal, run, text)
    assert (ended.state, ended.machines) == (RunState.FAILED, {})
    assert ended.cause
    assert why in ended.cause
    assert "\n" not in ended.cause
    assert journal.run(run.id).summary == ended.cause


@pytest.mark.parametrize(
    ("text", "rest", "why"),
    [
        ("- hosts: nobody\n  tasks: []\n", {}, "there is no machine that it is for"),
        (
            "- hosts: '{{ target }}'\n  tasks: []\n",
            {"variables": {"target": "aa"}},
            "no machine is called 'aa'",
        ),
        (
            "- hosts: '{{ target }}'\n  tasks: []\n",
            {"variables": {"target": "a"}, "machines": ("b",)},
            "no machine is called 'a' among those selected",
        ),
    ],
)
def test_nobody_to_do_it_on_is_no_success(
    tmp_path: Path, journal: Journal, run: Run, text: str, rest: dict[str, object], why: str
) -> None:
    ended, _ = told(tmp_path, journal, run, text, **rest)
    assert (ended.state, ended.machines, ended.cause) == (RunState.FAILED, {}, why)
    assert journal.run(run.id).summary == why


ENDS_FOR_ALL = """
- hosts: a,b,d
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Ask
      ansible.builtin.command: "true"
      changed_when: false
      ignore_unreachable: true
    - name: Cut off
      ansible.builtin.command: "true"
"""
ONCE = """
- hosts: a,b
  gather_facts: false
  tasks:
    - name: Say
      ansible.builtin.debug: {}
    - name: Once
      ansible.builtin.fail: {msg: refused}
      run_once: true
    - name: Cut off
      ansible.builtin.command: "true"
"""


@pytest.mark.parametrize(("text", "machines"), [(ENDS_FOR_ALL, {"a", "b", "d"}), (ONCE, {"a", "b"})])
def test_machines_that_a_play_was_ended_for_are_not_done(
    tmp_path: Path, journal: Journal, run: Run, text: str, machines: set[str]
) -> None:
    """Ansible names nobody, or one of them."""
    ended, _ = told(tmp_path, journal, run, text)
    assert (ended.state, set(ended.machines)) == (RunState.FAILED, machines)
    assert {state for state, _ in ended.machines.values()} == {FAILED}
    assert all(cause for _, cause in ended.machines.values())


def test_a_stop_ends_it_soon_and_says_how_far_each_had_come(
    tmp_path: Path, journal: Journal, run: Run
) -> None:
    text = """
- hosts: a
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.command: "true"
    - name: Take long
      ansible.builtin.command: sleep 600
"""
    stop = Event()

    class Stopping(Journal):
        def add_step(self, step: object) -> None:
            super().add_step(step)  # type: ignore[arg-type]
            Timer(2, stop.set).start()

    ended, _ = told(tmp_path, Stopping(journal._engine), run, text, stop)
    assert (ended.state, ended.machines) == (RunState.STOPPED, {"a": (STOPPED, "Take long: interrupted")})
    gone = time.monotonic() + 60
    while is_run_by_somebody(tmp_path) and time.monotonic() < gone:
        time.sleep(0.1)
    assert not is_run_by_somebody(tmp_path), "a worker goes on with its task"


def is_run_by_somebody(folder: Path) -> bool:
    """Whether a process names something in a folder."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if bytes(folder) in each.read_bytes():
                return True
    return False


def test_what_ansible_said_is_kept_for_its_owner_and_no_environment_with_it(
    tmp_path: Path, journal: Journal, run: Run
) -> None:
    told(tmp_path, journal, run, "- hosts: a\n  gather_facts: false\n  tasks: [{debug: {msg: hello}}]\n")
    kept = folder(tmp_path / "var", run.id)
    assert kept.stat().st_mode & 0o777 == 0o700
    files = [file for file in kept.rglob("*") if file.is_file()]
    assert any("hello" in file.read_text() for file in files)
    assert not [file for file in files if "p4ssw0rd" in file.read_text()]
    assert [json.loads(file.read_text())["event"] for file in files if file.suffix == ".json"]


def test_the_environment_is_written_nowhere_while_it_runs(tmp_path: Path, journal: Journal, run: Run) -> None:
    command = folder(tmp_path / "var", run.id) / "artifacts/ansible/command"
    text = f"- hosts: a\n  gather_facts: false\n  tasks: [{{command: test ! -e {command}}}]\n"
    assert told(tmp_path, journal, run, text)[0].state is RunState.DONE


def test_a_folder_that_cannot_be_made_ends_the_run(tmp_path: Path, journal: Journal, run: Run) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(InfraCtlError, match="Not a directory"):
        told(tmp_path, journal, run, "- hosts: a\n")
    assert journal.run(run.id).state is RunState.FAILED


def test_it_is_aborted_from_another_terminal(tmp_path: Path, journal: Journal, run: Run) -> None:
    text = "- hosts: a\n  gather_facts: false\n  tasks: [{name: Take long, command: sleep 600}]\n"

    journal.give_order(run.id, JournalOrder.ABORT)
    ended, _ = told(tmp_path, journal, run, text)
    assert ended.state is RunState.STOPPED


def test_a_procedure_stands_beside_a_run_and_is_none_itself(journal: Journal, run: Run) -> None:
    """A playbook deploys by runs of its own; two deployments never stand side by side."""
    purpose = Purpose("deploy", "live", "", "", "")
    journal.start_run(purpose, lambda _run: ())
    journal.start_run(Purpose(PROCEDURE, "live", "", "", ""), lambda _run: ())
    with pytest.raises(Exception, match="is under way"):
        journal.start_run(purpose, lambda _run: ())
    assert run.kind == PROCEDURE
    with pytest.raises(UnknownError):
        journal.run("2000-01-01-001")
