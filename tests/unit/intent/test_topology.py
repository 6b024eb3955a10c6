"""Links and areas."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra_ctl.intent.stages import meaning
from infra_ctl.intent.topology import device_area, link_area, links
from infra_ctl.inventory import Inventory, devices
from infra_ctl.inventory.kinds import Lan, Stage, Zone


def test_circuits_and_cables(small: Inventory) -> None:
    found = {link.id: link for link in links(small)}
    assert len(found) == len(small.circuits) + 3
    cable = found["dc:core1/eth3"]
    assert (cable.a.device.hostname, cable.z.device.hostname, cable.z.interface) == (
        "dc-core1",
        "dc-edge1",
        "eth2",
    )
    assert (cable.kind, cable.mbps, cable.mtu) == ("cable", 10000, 1500)
    assert (found["nk-cai-khe-2"].kind, found["nk-cai-khe-2"].mbps, found["nk-cai-khe-2"].mtu) == (
        "circuit",
        20,
        1400,
    )


@pytest.mark.parametrize(
    ("link", "area"),
    [
        ("dc:core1/eth2", "0.0.0.0"),
        ("bk-1", "0.0.0.0"),
        ("nk-1", "0.0.0.0"),
        ("nk-cai-khe-1", "0.0.0.1"),
        ("nk-cai-khe-2", "0.0.0.1"),  # ends at bt-pop1, which joins the ward's area
        ("hq-so-tttt-1", "0.0.0.16"),
    ],
)
def test_area_of_a_link(small: Inventory, link: str, area: str) -> None:
    found = {each.id: each for each in links(small)}
    assert str(link_area(found[link], small)) == area


def test_area_of_a_device(small: Inventory) -> None:
    areas = {device.hostname: str(device_area(device, small)) for device in devices(small)}
    assert areas["dc-core1"] == areas["bk-r1"] == areas["bt-pop1"] == "0.0.0.0"
    assert (areas["bt-long-hoa-ce1"], areas["hq-so-tttt-ce1"]) == ("0.0.0.3", "0.0.0.16")


def test_a_link_is_as_far_as_its_lower_end(staged: Callable[..., Inventory]) -> None:
    city = staged(nk_cai_khe="v6only", nk="preferred", bt="planned")
    stages = {link.id: link.stage for link in links(city)}
    assert (stages["nk-cai-khe-1"], stages["nk-cai-khe-2"]) == (Stage.PREFERRED, Stage.PLANNED)


def test_every_stage_keeps_what_the_one_before_it_had() -> None:
    for earlier, later in zip(list(Stage), list(Stage)[1:], strict=False):
        was, now = meaning(earlier), meaning(later)
        for promise in ("addressed", "routed", "lans"):
            assert getattr(now, promise) >= getattr(was, promise)


def test_what_the_stages_are() -> None:
    assert not meaning(Stage.PLANNED).addressed
    assert (meaning(Stage.ADDRESSED).addressed, meaning(Stage.ADDRESSED).routed) == (True, False)
    assert (meaning(Stage.ROUTED).routed, meaning(Stage.ROUTED).lans) == (True, False)
    assert (meaning(Stage.DUAL).lans, meaning(Stage.DUAL).preference) == (True, "medium")
    assert meaning(Stage.PREFERRED).preference == "high"
    assert not meaning(Stage.V6ONLY).ipv4_on(Lan.STAFF)
    assert meaning(Stage.V6ONLY).ipv4_on(Lan.MANAGEMENT)
    assert meaning(Stage.V6ONLY).ipv4_on(Zone.MANAGEMENT)
