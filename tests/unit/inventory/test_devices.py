"""The one list of devices."""

from __future__ import annotations

from pathlib import Path

from infra_ctl.inventory import Port, devices, load, port, site_levels
from infra_ctl.inventory.kinds import SiteKind, Stage


def test_devices_come_site_by_site_in_the_order_of_the_profile(city: Path) -> None:
    assert [device.hostname for device in devices(load(city))] == [
        "dc-edge1",
        "dc-core1",
        "dc-core2",
        "bk-r1",
        "nk-pop1",
        "bt-pop1",
        "hq-so-tttt-ce1",
        "nk-cai-khe-ce1",
        "nk-an-hoa-ce1",
        "bt-long-hoa-ce1",
    ]


def test_a_device_knows_what_it_is(city: Path) -> None:
    device = next(device for device in devices(load(city)) if device.hostname == "nk-cai-khe-ce1")
    assert (device.site, device.name, device.role, device.platform) == ("nk-cai-khe", "ce1", "ce", "frr")
    assert (device.kind, device.pop, device.unit) == (SiteKind.COMMUNE, "nk", "31117")
    assert (device.profile, device.ipv6, device.level) == ("commune-dual", Stage.DUAL, 3)


def test_a_sites_level_is_the_highest_of_what_it_hosts_or_works_on(city: Path) -> None:
    assert site_levels(load(city)) == {"dc": 3, "bk": 3, "nk-cai-khe": 3, "nk-an-hoa": 2}


def test_an_endpoint_in_its_parts() -> None:
    end = port("nk-cai-khe:ce1/eth2.10")
    assert end == Port("nk-cai-khe", "ce1", "eth2.10")
    assert end.hostname == "nk-cai-khe-ce1"
