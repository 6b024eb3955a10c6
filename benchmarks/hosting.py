"""Hosts: ten live ones, brought to the same state by our worker, bare pyinfra and an ansible-core playbook.

All carry out the same typed operations: where nothing is to change, and where every file is another, so that
each is written and whatever reads it is reloaded or restarted. Ours is one command that predicts and applies;
after each contender's turn it is asked whether anything is left to do, and nothing may be.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.measure import Cost, Verdict, cost_of, interleaved, median, table
from benchmarks.peers import ansible_hosts
from benchmarks.twin import INFRA_CTL, Twin
from infra_ctl.change.operations import File, Operation, resolved
from infra_ctl.hosts.protocol import Way, Work
from infra_ctl.hosts.roles.of_host import operations
from infra_ctl.secrets import open_vault, resolve

HOSTS = (
    *("dc-ntp-1", "dc-dns-1", "dc-log-1", "dc-av-1", "dc-db-1"),
    *("dc-portal-1", "dc-portal-2", "dc-app-1", "dc-app-2", "dc-qlvb-1"),
)
WORKS: TypeAdapter[tuple[Work, ...]] = TypeAdapter(tuple[Work, ...])

FLOOR, OURS, ANSIBLE = "bare pyinfra (floor)", "infra-ctl's worker", "ansible-core playbook"
DEPLOY = "infra-ctl deploy"

Variant = Mapping[str, Callable[[], Cost]]
"""By contender, how it brings the hosts to one state."""


def run(folder: Path, rounds: int) -> Iterator[Verdict]:
    """Boot both cores of the data centre and ten hosts, print medians and ratios, take all down."""
    twin = Twin.boot(folder / "hosts", "benchhosts", "site=dc role=core", "--hosts", " or ".join(HOSTS))
    try:
        yield from _compare(twin, rounds)
    finally:
        twin.down()


def _compare(twin: Twin, rounds: int) -> Iterator[Verdict]:
    works = _works(twin)
    intended = contenders(works, twin.inside, twin.folder / "intended")
    other = contenders(_with_other_texts(works), twin.inside, twin.folder / "other")
    deploy = partial(cost_of, (*INFRA_CTL, "deploy", "--yes"), twin.env)
    same = interleaved({**_verified(itertools.repeat(intended)), DEPLOY: deploy}, rounds)
    yield from _tell("nothing to change", same, rounds)
    files = sum(isinstance(each, File) for work in works for each in work.operations)
    changed = interleaved(_verified(itertools.cycle((other, intended))), rounds)
    changed[DEPLOY] = [_after(other[OURS], deploy)]
    yield from _tell(f"all {files} files to change", changed, rounds)


def _after(before: Callable[[], Cost], work: Callable[[], Cost]) -> Cost:
    before()
    return work()


def _works(twin: Twin) -> tuple[Work, ...]:
    """All that is to be on each host, secrets put in, as a deploy has it."""
    vault = open_vault(twin.home / "vault.yml", twin.home / "vault-password")
    keys = twin.home / "keys"
    found = []
    for name in HOSTS:
        host = twin.city.host(name)
        way = Way(
            part=name,
            address=str(host.addresses[0]),
            username="infra",
            known_hosts=str(keys / "known_hosts"),
            key_file=str(keys / "controller"),
            sudo=True,
        )
        wanted = resolved(operations(host), lambda text: resolve(text, vault))
        found.append(Work(way=way, operations=wanted))
    return tuple(found)


def _with_other_texts(works: Sequence[Work]) -> tuple[Work, ...]:
    return tuple(
        work.model_copy(update={"operations": tuple(map(_with_other_text, work.operations))})
        for work in works
    )


def _with_other_text(operation: Operation) -> Operation:
    """An empty line more: no format minds, and every file differs."""
    if not isinstance(operation, File):
        return operation
    return operation.model_copy(update={"text": f"{operation.text}\n"})


def contenders(works: Sequence[Work], inside: Sequence[str], folder: Path) -> Variant:
    """What to interleave; `inside` is the command prefix that enters the network of the hosts."""
    folder.mkdir()
    path = folder / "works.json"
    path.touch(mode=0o600)
    path.write_bytes(WORKS.dump_json(tuple(works)))

    def peer(module: str, *more: str) -> Callable[[], Cost]:
        command = (*inside, sys.executable, "-m", f"benchmarks.peers.{module}", str(path), *more)
        return partial(cost_of, command)

    settings = ansible_hosts.write(works, folder / "ansible")
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    ansible = (*inside, playbook, str(settings.with_name("site.yml")))
    return {
        FLOOR: peer("bare_pyinfra"),
        OURS: peer("host_driver"),
        ANSIBLE: partial(cost_of, ansible, {"ANSIBLE_CONFIG": str(settings)}),
        "left": peer("host_driver", "--nothing"),
    }


def _verified(variants: Iterator[Variant]) -> Variant:
    """Each contender brings the hosts to the next state, and is not timed while that is seen to."""

    def turn(name: str) -> Cost:
        variant = next(variants)
        cost = variant[name]()
        variant["left"]()
        return cost

    return {name: partial(turn, name) for name in (FLOOR, OURS, ANSIBLE)}


def _tell(what: str, costs: Mapping[str, Sequence[Cost]], rounds: int) -> Iterator[Verdict]:
    print(f"\n{len(HOSTS)} live hosts, {what}, {rounds} interleaved rounds, medians")
    print(table(costs, FLOOR, len(HOSTS)))
    ours, floor, ansible = (median(costs[name], "wall") for name in (OURS, FLOOR, ANSIBLE))
    yield Verdict(f"{what}: wall against bare pyinfra", ours / floor, 1.15)
    yield Verdict(f"{what}: ansible-core's wall against ours", ansible / ours, 3, at_least=True)
