"""The state exporter over a living slice: as meant, a circuit cut, a route by hand, a router off, healed."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.lab.city_slice import AN_HOA, CAI_KHE, POP, THOI_BINH, CitySlice, until
from tests.lab.scraping import Samples, named, scraped

pytestmark = pytest.mark.live

PORT = 9872
STATE = (sys.executable, "-c", "import sys; from exporters.state import main; main(sys.argv[1:])")
SWEEP = f"--sweep.interval 2 --sweep.timeout 15 --web.listen-address 127.0.0.1:{PORT}"
READ = "infra_device_read_timestamp_seconds"
CUT = "nk-cai-khe-1"


class Page:
    """What the exporter tells of a slice."""

    def __init__(self, city: CitySlice) -> None:
        self._namespace = city.spec.management_namespace

    @property
    def samples(self) -> Samples:
        return scraped(self._namespace, PORT)

    def other_than(self, ending: str, value: float) -> set[tuple[str, ...]]:
        """Labels of the series that have any other value; all of them where there is none."""
        found = named(self.samples, ending)
        return {key[1:] for key, each in found.items() if each != value} if found else {("nothing",)}

    def lacking(self, family: str) -> set[tuple[str, ...]]:
        return {labels for labels in self.other_than("prefixes_missing", 0) if labels[-1] == family}

    @property
    def knows_ipv6(self) -> bool:
        """Whether some router has all of it: FRR 8.4 may not get back all of OSPFv3 once links were cut."""
        samples = self.samples
        expected = named(samples, "prefixes_expected").items()
        full = [key[1:] for key, many in expected if many > 10 and key[2] == "ipv6"]
        return any(samples["infra_prefixes_missing", *labels] == 0 for labels in full)

    def settles(self) -> None:
        """Wait until all is as meant, one thing after the other, so that a failure says which is not."""
        until(lambda: not self.other_than("device_up", 1), 300)
        until(lambda: not self.other_than("adjacency_up", 1), 300)
        until(lambda: not self.other_than("adjacencies_unexpected", 0))
        until(lambda: not self.other_than("prefixes_unexpected", 0))
        until(lambda: not self.lacking("ipv4"))


@pytest.fixture
def page(city: CitySlice) -> Iterator[Page]:
    there = ("ip", "netns", "exec", city.spec.management_namespace)
    exporter = city.start(*SWEEP.split(), command=(*there, *STATE))
    try:
        page = Page(city)
        until(lambda: bool(page.samples), meanwhile=exporter)
        yield page
        assert not exporter.is_over()
    finally:
        exporter.kill()


def test_what_is_not_as_meant_shows_where_it_is_and_nowhere_else(city: CitySlice, page: Page) -> None:
    page.settles()
    until(lambda: page.knows_ipv6)
    assert {key[1] for key in named(page.samples, "device_up")} == set(city.hostnames)

    city.edit(AN_HOA, "ip route 198.51.100.0/24 blackhole")
    assert city.run("lab", "break", "cut", CUT).code == 0
    ends = {(CAI_KHE, POP), (POP, CAI_KHE)}
    down = {(one, protocol, other) for one, other in ends for protocol in ("bfd", "ospf", "ospf6")}
    until(lambda: page.other_than("adjacency_up", 1) == down)
    until(lambda: page.other_than("prefixes_unexpected", 0) == {(AN_HOA, "ipv4")})
    # There is a second circuit. The cut parts the area, though, and in OSPFv3 the parts' wards stay without
    # each other's prefixes: FRR 8.4's border routers do not pass on what is of the same area's other part.
    until(lambda: not page.lacking("ipv4"))

    assert city.run("lab", "break", "off", THOI_BINH).code == 0
    until(lambda: page.other_than("device_up", 1) == {(THOI_BINH,)})
    before = page.samples
    others = [host for host in city.hostnames if host != THOI_BINH]
    until(lambda: all(page.samples[READ, host] > before[READ, host] for host in others))
    assert page.samples[READ, THOI_BINH] == before[READ, THOI_BINH] > 0
    until(lambda: (POP, "ipv4") in page.lacking("ipv4"))

    assert city.run("lab", "heal").code == 0
    city.edit(AN_HOA, "no ip route 198.51.100.0/24 blackhole")
    page.settles()
