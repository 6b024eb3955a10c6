"""Hosts that are not there keep the promises of those that are."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.change.operations import Absent, File, Folder, Packages, Run, Service, User
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.embedded_hosts import EmbeddedHosts, HostFault
from infra_ctl.drivers.hosts import HostWork, Prediction
from infra_ctl.errors import BusyError, UnreachableError

SITE = File(id="portal/site", path="/etc/nginx/site", text="listen 80;\n")
OPERATIONS = (
    Packages(id="portal/packages", names=("nginx-light",)),
    Folder(id="portal/www", path="/srv/www"),
    SITE,
    User(id="portal/user", name="www"),
    Service(id="portal/nginx", unit="nginx", reload_after=("portal/site",)),
    Run(id="portal/key", command="make key", unless="test -e key"),
    Run(id="portal/told", command="tell", after=("portal/site",)),
    File(id="firewall/rules", path="/etc/nftables.conf", text="drop\n", guarded=True),
    Absent(id="portal/default", path="/etc/nginx/default"),
)
EVERYTHING = [each.id for each in OPERATIONS[:-1]]


def work(part: str, *operations) -> HostWork:
    return HostWork(part, Connection(part, "10.0.0.1", "infra", Path("known_hosts")), operations)


def apply(hosts: EmbeddedHosts, *works: HostWork, told=lambda _part, _what: None, **options):
    options = {"token": "run-1", "fence": {}, "revert_in": 30} | options
    return hosts.apply(works, told=told, **options)


def test_what_is_predicted_is_done_and_then_there_is_nothing_to_do():
    hosts, told = EmbeddedHosts(), []
    predicted = hosts.predict([work("a", *OPERATIONS)])["a"]
    assert isinstance(predicted, Prediction)
    end = apply(hosts, work("a", *OPERATIONS), told=lambda part, what: told.append((part, what.id)))["a"]
    assert [each.id for each in end.done] == [each.id for each in predicted.changes] == EVERYTHING
    assert told == [("a", each) for each in EVERYTHING]
    assert hosts.predict([work("a", *OPERATIONS)])["a"] == Prediction(())


def test_a_change_is_answered_by_what_waits_for_it():
    hosts = EmbeddedHosts()
    apply(hosts, work("a", *OPERATIONS))
    moved = [
        SITE.model_copy(update={"text": "listen 81;\n"}) if each is SITE else each for each in OPERATIONS
    ]
    changes = hosts.predict([work("a", *moved)], kept=["portal/site"])["a"]
    assert [(each.id, each.says, each.diff) for each in changes.changes] == [
        ("portal/site", "/etc/nginx/site", "- listen 80;\n+ listen 81;"),
        ("portal/nginx", "reload nginx", ""),
        ("portal/told", "run tell", ""),
    ]
    assert changes.texts == {"portal/site": "listen 80;\n"}


@pytest.mark.parametrize(
    ("fault", "state", "at"),
    [
        (HostFault(fails_at="portal/nginx"), "stopped", "portal/nginx"),
        (HostFault(locks_out=True), "taken back", "firewall/rules"),
        (HostFault(dies_at="portal/site"), "unknown", "portal/site"),
    ],
)
def test_a_fault_ends_its_own_host_alone_and_what_is_left_is_predicted(fault, state, at):
    hosts = EmbeddedHosts(faults={"a": fault})
    ends = apply(hosts, work("a", *OPERATIONS), work("b", *OPERATIONS))
    assert (ends["a"].state, ends["a"].at, ends["b"].state) == (state, at, "done")
    left = [each.id for each in hosts.predict([work("a", *OPERATIONS)])["a"].changes]
    assert {*left, *(each.id for each in ends["a"].done)} >= set(EVERYTHING) - {"portal/told"}
    assert "firewall/rules" in left


def test_a_host_that_cannot_be_reached_or_is_anothers_is_not_touched():
    hosts = EmbeddedHosts(faults={"gone": HostFault(unreachable=True)})
    fence = hosts.lease("a", "somebody@laptop", "run-1", 60)
    ends = apply(hosts, work("a", SITE), work("gone", SITE), token="run-2")
    assert isinstance(ends["a"], BusyError)
    assert ends["a"].cause == "leased to somebody@laptop (run run-1)"
    assert isinstance(ends["gone"], UnreachableError)
    assert hosts.machines == {}
    hosts.release("a", "run-1")
    hosts.lease("a", "me", "run-2", 60)
    assert isinstance(apply(hosts, work("a", SITE), token="run-2", fence={"a": fence})["a"], BusyError)
