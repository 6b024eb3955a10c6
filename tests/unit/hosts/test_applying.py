"""Which operations are done on trial."""

from __future__ import annotations

from infra_ctl.change.operations import File, Run, Service
from infra_ctl.hosts.applying import guarded


def test_what_answers_to_something_guarded_is_guarded_itself():
    operations = (
        File(id="a/motd", path="/etc/motd", text=""),
        File(id="firewall/rules", path="/etc/nftables.conf", text="", guarded=True),
        Service(id="firewall/nftables", unit="nftables", reload_after=("firewall/rules",)),
        Run(id="firewall/tell", command="true", after=("firewall/nftables",)),
        Run(id="a/run", command="true", after=("a/motd",)),
    )
    assert guarded(operations) == {"firewall/rules", "firewall/nftables", "firewall/tell"}
