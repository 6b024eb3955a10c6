"""What is done to a host when things go wrong on the way; real ones: tests/lab/test_host_driver_live.py."""

from __future__ import annotations

import pytest

from infra_ctl.change.operations import File, Run, Service
from infra_ctl.errors import BusyError
from infra_ctl.hosts import deadman, owed
from infra_ctl.hosts.applying import guarded, predict
from infra_ctl.hosts.protocol import Way
from infra_ctl.hosts.session import LinuxHost
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
