"""`infra-ctl show host`: who may open what on a host, and all that is to be on it."""

from __future__ import annotations

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command


def test_a_host_is_told_by_what_it_lets_in_asks_for_and_has(infra_ctl: Command) -> None:
    said = infra_ctl("show", "host", "dc-db-1")
    assert said.code == Exit.DONE
    lines = said.out.splitlines()
    assert lines[0] == (
        "dc-db-1  database,primary  zone databases  level 3, denies both ways  10.19.0.16 2001:db8:9213::16"
    )
    assert "  in   postgresql                   tcp/5432   from 6 networks" in lines
    assert any(line.startswith("  out  ntp ") for line in lines)
    assert "  stands in bk-db-1" in lines
    assert "  firewall/rules                   /etc/nftables.conf  on trial first" in lines
    assert "table inet host" not in said.out
    assert "    table inet host {" in infra_ctl("show", "host", "dc-db-1", "-v").out.splitlines()


def test_programs_get_intent_and_operations_secrets_being_references(infra_ctl: Command) -> None:
    said = infra_ctl("show", "host", "bk-db-1", "--output", "json").json
    assert said["intent"]["database"]["primary"] == ["10.19.0.16", 5432]
    files = {each["id"]: each for each in said["operations"] if each["kind"] == "file"}
    assert files["database/passfile"]["text"].endswith(":vault:postgresql/replication\n")


def test_a_host_that_is_not_there_is_named_with_the_nearest(infra_ctl: Command) -> None:
    said = infra_ctl("show", "host", "dc-db-2")
    assert said.code == Exit.USAGE
    assert said.err == "error: there is no host 'dc-db-2' (did you mean 'dc-db-1'?)\n"


def test_a_device_is_shown_as_one_and_a_host_too(infra_ctl: Command) -> None:
    device = infra_ctl("show", "host", "dc-core1")
    assert (device.code, device.err) == (
        Exit.USAGE,
        "error: dc-core1 is a device: infra-ctl show device dc-core1\n",
    )
    host = infra_ctl("show", "device", "dc-db-1")
    assert (host.code, host.err) == (
        Exit.USAGE,
        "error: dc-db-1 is a host: infra-ctl show host dc-db-1\n",
    )


def test_the_host_part_of_a_router_is_told_by_what_it_lets_through(infra_ctl: Command) -> None:
    said = infra_ctl("show", "host", "dc-core1/host")
    assert said.code == Exit.DONE
    lines = said.out.splitlines()
    assert lines[0].startswith("dc-core1/host  host part of dc-core1  denies between zones  10.18.0.0/15 ")
    ways = [line.split() for line in lines if line.startswith("  pass ssh ")]
    assert ["tcp/22", "from", "4", "networks", "to", "10.18.0.16/32", "2001:db8:9212::16/128"] in (
        each[2:] for each in ways
    )
    assert "  stands in dc-core2/host" in lines
    shown = infra_ctl("show", "host", "dc-core1/host", "--output", "json").json
    assert shown["intent"]["router"] == "dc-core1"
    assert [each["id"] for each in shown["operations"]][-1] == "state/openings"
