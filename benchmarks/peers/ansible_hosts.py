"""The same operations as an ansible-core playbook, and its settings, tuned as who knows it well does.

In its favour: all packages are one task and one dpkg-query, for the apt module would want python3-apt and
open its cache anew each time; a unit and what makes it read a change are one task; tests before a reload are
left out; tasks that only some hosts have are skipped by one condition for all of them; the ssh processes of
its connections outlive it, so their CPU is not counted, and the next round finds them open.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra_ctl.change.operations import Absent, File, Folder, Operation, Packages, Run, Service, User
from infra_ctl.hosts.composed import UPDATE
from infra_ctl.hosts.protocol import Way, Work

Task = dict[str, Any]

SETTINGS = """[defaults]
forks = 10
gathering = explicit
interpreter_python = /usr/bin/python3
inventory = {folder}/hosts.json
home = {folder}/home
[connection]
pipelining = True
[ssh_connection]
control_path_dir = /tmp/ic-bench-hosts
ssh_args = -o ControlMaster=auto -o ControlPersist=120s -o PreferredAuthentications=publickey
"""

KEPT = "kept"
"""What a command says that was not due."""


def write(works: Sequence[Work], folder: Path) -> Path:
    """A folder with playbook, inventory, settings and files; the settings' path."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    settings = folder / "ansible.cfg"
    settings.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    stretches = list(_stretches(works))
    (folder / "hosts.json").write_text(json.dumps(_inventory(works, stretches)), encoding="utf-8")
    (folder / "site.yml").write_text(json.dumps([_play(works, stretches, folder)]), encoding="utf-8")
    for work in works:
        (folder / work.way.part).mkdir()
        for each in work.operations:
            if text := _text(each):
                (folder / work.way.part / _variable(each.id)).write_text(text, encoding="utf-8")
    return settings


Stretch = tuple[frozenset[str], list[Operation]]
"""Operations that follow each other and are on the same hosts."""


def _stretches(works: Sequence[Work]) -> Iterator[Stretch]:
    """All operations in an order that is each host's own; texts are in files a host."""
    order: list[Operation] = []
    on: dict[Operation, set[str]] = {}
    for work in works:
        at = 0
        for each in map(_without_text, work.operations):
            if isinstance(each, Packages):
                continue
            if each not in on:
                order.insert(at, each)
            on.setdefault(each, set()).add(work.way.part)
            at = order.index(each) + 1
    for hosts, stretch in itertools.groupby(order, lambda each: frozenset(on[each])):
        yield hosts, list(stretch)


def _without_text(operation: Operation) -> Operation:
    return operation.model_copy(update={"text": ""}) if isinstance(operation, File) else operation


def _text(operation: Operation) -> str:
    if isinstance(operation, User):
        return "".join(f"{key}\n" for key in operation.keys)
    return operation.text if isinstance(operation, File) else ""


def _inventory(works: Sequence[Work], stretches: Sequence[Stretch]) -> Mapping[str, Any]:
    """Hosts, and a group for the hosts of each stretch."""
    groups = {
        f"stretch{number}": {"hosts": dict.fromkeys(sorted(hosts))}
        for number, (hosts, _) in enumerate(stretches)
    }
    hosts = {work.way.part: {**_login(work.way), "packages": _packages(work)} for work in works}
    return {"all": {"hosts": hosts, "children": groups}}


def _login(way: Way) -> Mapping[str, str]:
    return {
        "ansible_host": way.address,
        "ansible_user": way.username,
        "ansible_ssh_private_key_file": way.key_file,
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={way.known_hosts}",
    }


def _packages(work: Work) -> str:
    return " ".join(name for each in work.operations if isinstance(each, Packages) for name in each.names)


def _play(works: Sequence[Work], stretches: Sequence[Stretch], folder: Path) -> Task:
    """Each host goes its own way (`free`)."""
    tasks = [_install()]
    for number, (hosts, stretch) in enumerate(stretches):
        found = [task for each in stretch for task in TASKS[type(each)](each)]
        if len(hosts) == len(works):
            tasks += found
            continue
        path = folder / f"stretch{number}.yml"
        path.write_text(json.dumps(found), encoding="utf-8")
        when = f"'stretch{number}' in group_names"
        tasks.append({"name": path.stem, "ansible.builtin.include_tasks": str(path), "when": when})
    return {"hosts": "all", "become": True, "gather_facts": False, "strategy": "free", "tasks": tasks}


def _install() -> Task:
    there = "dpkg-query -W -f '${Status}\\n' {{ packages }} 2>&1 | grep -qv '^install ok installed'"
    install = "apt-get -qq --no-install-recommends install {{ packages }}"
    script = f"if {there}; then {{ {UPDATE}; }} && {install}; else echo {KEPT}; fi"
    changed = f"{KEPT!r} not in packages_.stdout"
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    shell = {"ansible.builtin.shell": script, "register": "packages_", "changed_when": changed}
    return {"name": "packages", "environment": environment, **shell}


def _task(operation: Operation, module: str, **arguments: Any) -> Task:
    """A task, its result registered under the operation's name."""
    return {
        "name": operation.id,
        f"ansible.builtin.{module}": arguments,
        "register": _variable(operation.id),
    }


def _variable(id_: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in id_)


def _any_changed(ids: Sequence[str]) -> str:
    return " or ".join(f"{_variable(each)} is changed" for each in ids)


def _file(wanted: File) -> list[Task]:
    owner = {"owner": wanted.owner, "group": wanted.group, "mode": f"0{wanted.mode}"}
    validate = {"validate": wanted.validate_by.replace("{}", "%s")} if wanted.validate_by else {}
    return [_task(wanted, "copy", src=_source(wanted), dest=wanted.path, **owner, **validate)]


def _source(operation: Operation) -> str:
    return f"{{{{ playbook_dir }}}}/{{{{ inventory_hostname }}}}/{_variable(operation.id)}"


def _folder(wanted: Folder) -> list[Task]:
    owner = {"owner": wanted.owner, "group": wanted.group, "mode": f"0{wanted.mode}"}
    return [_task(wanted, "file", path=wanted.path, state="directory", **owner)]


def _user(wanted: User) -> list[Task]:
    more = {"home": wanted.home} if wanted.home else {}
    groups = {"groups": list(wanted.groups)} if wanted.groups else {}
    made = bool(wanted.home or wanted.keys)
    account = {"name": wanted.name, "shell": wanted.shell, "system": wanted.system, "create_home": made}
    tasks = [_task(wanted, "user", **account, **more, **groups)]
    if wanted.keys:
        folder, owner = f"{wanted.home or f'/home/{wanted.name}'}/.ssh", {"owner": wanted.name}
        tasks += [
            _task(wanted, "file", path=folder, state="directory", mode="0700", **owner),
            _task(
                wanted, "copy", src=_source(wanted), dest=f"{folder}/authorized_keys", mode="0600", **owner
            ),
        ]
    return tasks


def _service(wanted: Service) -> list[Task]:
    state = "started" if wanted.running else "stopped"
    if wanted.reload_after:
        state = f"{{{{ 'reloaded' if {_any_changed(wanted.reload_after)} else '{state}' }}}}"
    if wanted.restart_after:
        other = state.removeprefix("{{ ").removesuffix(" }}") if wanted.reload_after else f"'{state}'"
        state = f"{{{{ 'restarted' if {_any_changed(wanted.restart_after)} else {other} }}}}"
    return [_task(wanted, "systemd", name=wanted.unit, state=state, enabled=wanted.enabled)]


def _run(wanted: Run) -> list[Task]:
    due = _any_changed(wanted.after)
    if not wanted.unless:
        return [{**_task(wanted, "shell", cmd=wanted.command), "when": due}]
    unless = wanted.unless if not due else f"{{% if {due} %}}false{{% else %}}{wanted.unless}{{% endif %}}"
    script = f"if ({unless}) >/dev/null 2>&1; then echo {KEPT}; else {wanted.command}\nfi"
    return [
        {
            **_task(wanted, "shell", cmd=script),
            "changed_when": f"{_variable(wanted.id)}.stdout != {KEPT!r}",
        }
    ]


TASKS: Mapping[type[Operation], Callable[[Any], list[Task]]] = {
    File: _file,
    Folder: _folder,
    Absent: lambda wanted: [_task(wanted, "file", path=wanted.path, state="absent")],
    User: _user,
    Service: _service,
    Run: _run,
}
