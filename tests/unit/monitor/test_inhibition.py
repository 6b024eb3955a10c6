"""One page and not ten, by a real Alertmanager on the loopback: alerts in, what is left of them out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.city import City
from infra_ctl.monitor.alertmanager import alertmanager_files
from infra_ctl.monitor.stack import stack

ALERTMANAGER = shutil.which("prometheus-alertmanager")
pytestmark = pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")
PATIENCE = 60

PAGE, TICKET, NONE = ({"severity": each} for each in ("page", "ticket", "none"))
OBJECTS = (
    "circuit",
    "neighbour",
    "system",
    "room",
    "host",
    "registrar",
    "device",
    "site",
    "pop",
    "job",
    "family",
)
"""By the first of these labels that it has, an alert is named."""
DC = {"site": "dc", "pop": "hq", "owner": "so-tttt"}
NK = {"site": "nk", "pop": "nk", "owner": "916"}
AN_HOA = {"site": "nk-an-hoa", "pop": "nk", "owner": "31120"}
CAI_KHE = {"site": "nk-cai-khe", "pop": "nk", "owner": "31117"}


class Alertmanager:
    """One that was started for a test, at a port of the loopback."""

    def __init__(self, url: str) -> None:
        self._url = url

    def left(self, *alerts: dict[str, str]) -> set[str]:
        """Of these, and no others, which are neither inhibited nor resolved: names with site or circuit."""
        body = [{"labels": {**each, "case": str(time.monotonic_ns())}} for each in alerts]
        case = body[0]["labels"]["case"]
        for each in body:
            each["labels"]["case"] = case
        self._ask("/api/v2/alerts", body)
        wait(lambda: len(self._of(case)) == len(alerts))
        found = {self._name(each) for each in self._of(case) if not each["status"]["inhibitedBy"]}
        ended = [
            {**each, "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-01T00:00:01Z"} for each in body
        ]
        self._ask("/api/v2/alerts", ended)
        wait(lambda: not self._of(case))
        return found

    def is_ready(self) -> bool:
        try:
            return self._ask("/-/ready") is not None
        except OSError:
            return False

    def _of(self, case: str) -> list[Any]:
        found: list[Any] = json.loads(self._ask("/api/v2/alerts?active=true&inhibited=true") or b"[]")
        return [each for each in found if each["labels"].get("case") == case]

    def _name(self, alert: Any) -> str:
        labels = alert["labels"]
        where = next((labels[each] for each in OBJECTS if each in labels), "")
        return f"{labels['alertname']} {where}".strip()

    def _ask(self, path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._url + path, data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return bytes(answer.read())


def wait(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def listening(log: Path) -> str:
    """Where it says that it listens: it was left to choose a port that is free."""
    found = re.search(r'"Listening on" address=(\S+)', log.read_text(encoding="utf-8"))
    return found[1] if found else ""


@pytest.fixture(scope="module")
def alertmanager(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    folder = tmp_path_factory.mktemp("alertmanager")
    config, _ = alertmanager_files(stack(city, None, "http", is_plain=True))
    # Nobody is told: what is asked is what would be left to tell.
    stand_ins = dict.fromkeys(config.references(), "http://127.0.0.1:1/")
    (folder / "alertmanager.yml").write_text(config.text(stand_ins), encoding="utf-8")
    assert ALERTMANAGER is not None
    arguments = [
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/data",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([ALERTMANAGER, *arguments], stdout=log, stderr=log)
    try:
        wait(lambda: listening(folder / "log") or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
        found = Alertmanager(f"http://{listening(folder / 'log')}")
        wait(found.is_ready)
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE)


def alert(name: str, severity: dict[str, str], *labels: dict[str, str], **more: str) -> dict[str, str]:
    found = {"alertname": f"Infra{name}", **severity}
    for each in labels:
        found |= each
    return found | more


def test_a_pop_that_is_cut_off_is_one_page(alertmanager: Alertmanager, city: City) -> None:
    wards = [site for site in city.inventory.sites.values() if site.pop == "nk" and site.kind == "commune"]
    assert len(wards) >= 10
    behind = [alert("WardUnreachable", PAGE, site=each.id, pop="nk", owner=each.unit) for each in wards] + [
        alert("RoomDown", TICKET, site=each.id, pop="nk", room=f"{each.id}-room") for each in wards
    ]
    elsewhere = next(
        each
        for each in city.inventory.circuits.values()
        if each.a.startswith("nk:") and each.z.startswith("bt-")
    )
    other = alert("CircuitDown", TICKET, circuit=elsewhere.id, site=elsewhere.z.partition(":")[0], pop="bt")
    adjacency = alert(
        "AdjacencyMissing", TICKET, device="bt-an-thoi-ce1", neighbour="nk-pop1", pop="bt", site="bt-an-thoi"
    )
    own = alert("CircuitDown", TICKET, NK, circuit="nk-1")
    left = alertmanager.left(alert("PopUnreachable", PAGE, NK), *behind, own, other, adjacency)
    assert left == {"InfraPopUnreachable nk"}


def test_a_pop_says_nothing_of_another_pops_wards(alertmanager: Alertmanager) -> None:
    far = alert("WardUnreachable", PAGE, site="bt-an-thoi", pop="bt")
    assert alertmanager.left(alert("PopUnreachable", PAGE, NK), far) == {
        "InfraPopUnreachable nk",
        "InfraWardUnreachable bt-an-thoi",
    }


def test_a_ward_that_is_cut_off_is_one_page(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("WardUnreachable", PAGE, AN_HOA),
        alert("CircuitDown", TICKET, AN_HOA, circuit="nk-an-hoa-1"),
        alert("CircuitBudgetFast", TICKET, AN_HOA, circuit="nk-an-hoa-1"),
        alert("RoomDown", TICKET, AN_HOA, room="nk-an-hoa-room"),
        alert("DeviceDown", TICKET, AN_HOA, device="nk-an-hoa-ce1"),
        alert("AdjacencyMissing", TICKET, AN_HOA, device="nk-pop1", neighbour="nk-an-hoa-ce1"),
        alert("NeighbourUnexpected", TICKET, AN_HOA, device="nk-an-hoa-ce1", protocol="ospf"),
        alert("RoutesLost", TICKET, AN_HOA, device="nk-an-hoa-ce1", family="ipv4"),
        alert("RoomMediaPoor", TICKET, AN_HOA, room="nk-an-hoa-room"),
        alert("PrometheusTargetMissing", TICKET, AN_HOA, job="snmp", device="nk-an-hoa-ce1"),
        alert("CircuitDown", TICKET, CAI_KHE, circuit="nk-cai-khe-1"),
    )
    assert left == {"InfraWardUnreachable nk-an-hoa", "InfraCircuitDown nk-cai-khe-1"}


def test_a_circuit_explains_what_is_wrong_with_it_and_no_other(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("CircuitDown", TICKET, CAI_KHE, circuit="nk-cai-khe-1"),
        alert("CircuitBudgetFast", TICKET, CAI_KHE, circuit="nk-cai-khe-1"),
        alert("CircuitBudgetSlow", TICKET, CAI_KHE, circuit="nk-cai-khe-1"),
        alert("AdjacencyMissing", TICKET, CAI_KHE, device="nk-pop1", neighbour="nk-cai-khe-ce1"),
        alert("RoomMediaPoor", TICKET, CAI_KHE, room="nk-cai-khe-room"),
        alert("RoomMediaPoor", TICKET, AN_HOA, room="nk-an-hoa-room"),
        alert("PrefixesMissing", TICKET, pop="nk", family="ipv6"),
        alert("PrefixesMissing", TICKET, pop="bt", family="ipv6"),
        alert("CircuitFull", TICKET, CAI_KHE, circuit="nk-cai-khe-1"),
        alert("CircuitLoss", TICKET, CAI_KHE, circuit="nk-cai-khe-2"),
    )
    assert left == {
        "InfraCircuitDown nk-cai-khe-1",
        "InfraCircuitLoss nk-cai-khe-2",
        "InfraCircuitFull nk-cai-khe-1",
        "InfraRoomMediaPoor nk-an-hoa-room",
        "InfraPrefixesMissing bt",
    }


def test_a_circuit_that_is_full_is_one_ticket(alertmanager: Alertmanager) -> None:
    full = [alert(f"Circuit{each}", TICKET, CAI_KHE, circuit="nk-cai-khe-1") for each in ("Slow", "Jitter")]
    assert alertmanager.left(*full) == {"InfraCircuitSlow nk-cai-khe-1"}
    left = alertmanager.left(
        *full,
        alert("CircuitLoss", TICKET, CAI_KHE, circuit="nk-cai-khe-1"),
        alert("FamiliesApart", TICKET, CAI_KHE),
        alert("CircuitSlow", TICKET, CAI_KHE, circuit="nk-cai-khe-2"),
    )
    assert left == {"InfraCircuitLoss nk-cai-khe-1", "InfraCircuitSlow nk-cai-khe-2"}


def test_a_registrar_is_not_told_of_as_a_system_too(alertmanager: Alertmanager) -> None:
    its = {"system": "video-conference", "site": "dc"}
    for source, target in (("RegistrarDown", "SystemDown"), ("CertificateExpires", "CertificateExpires")):
        left = alertmanager.left(
            alert(source, PAGE, registrar="dc-registrar-1"),
            alert(target, PAGE, its),
            alert(target, PAGE, system="portal", site="dc"),
        )
        assert left == {f"Infra{source} dc-registrar-1", f"Infra{target} portal"}


def test_a_system_that_is_down_is_not_told_of_by_its_budget_too(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("SystemDown", PAGE, system="portal", site="dc"),
        alert("SystemBudgetFast", PAGE, system="portal", site="dc"),
        alert("SystemFamilyDown", TICKET, system="lgsp", site="dc"),
    )
    assert left == {"InfraSystemDown portal", "InfraSystemFamilyDown lgsp"}


def test_a_monitoring_host_without_its_uplink_is_one_page_and_meta_alerts_stay(
    alertmanager: Alertmanager,
) -> None:
    left = alertmanager.left(
        alert("CityUnreachable", PAGE),
        alert("PopUnreachable", PAGE, NK),
        alert("DataCentreUnreachable", PAGE, site="bk", pop="hq"),
        alert("CoreUnreachable", PAGE, DC, device="dc-core1"),
        alert("CoreUnreachable", PAGE, DC, device="dc-core2"),
        alert("FamilyUnreachable", PAGE, family="ipv4"),
        alert("WardUnreachable", PAGE, AN_HOA),
        alert("SystemDown", PAGE, system="portal", site="dc"),
        alert("RegistrarDown", PAGE, DC, registrar="dc-registrar-1"),
        alert("NotificationsFailing", PAGE, job="alertmanager", integration="email"),
        alert("HostDown", TICKET, DC, host="dc-db-1"),
        alert("PrometheusTargetMissing", TICKET, NK, job="snmp", device="nk-pop1"),
        alert("PrefixesMissing", TICKET, pop="bt", family="ipv4"),
        alert("ExporterDown", PAGE, job="state"),
    )
    assert left == {"InfraCityUnreachable", "InfraExporterDown state"}


def test_a_core_without_power_is_one_page(alertmanager: Alertmanager, city: City) -> None:
    circuits = [each for each in city.inventory.circuits.values() if each.a.startswith("dc:core1/")]
    places = {each.id: city.inventory.sites[each.z.partition(":")[0]] for each in circuits}
    down = [
        alert("CircuitDown", TICKET, circuit=name, site=site.id, pop=site.pop)
        for name, site in places.items()
    ]
    left = alertmanager.left(
        alert("CoreUnreachable", PAGE, DC, device="dc-core1"),
        *down,
        alert("WardUnreachable", PAGE, site="hq-so-khdt", pop="hq"),
        alert("RoomDown", TICKET, site="hq-so-khdt", pop="hq", room="hq-so-khdt-room"),
        alert("DeviceDown", TICKET, DC, device="dc-core1"),
        alert("PrometheusTargetMissing", TICKET, DC, device="dc-core1", job="snmp"),
        alert("AdjacencyMissing", TICKET, DC, device="nk-pop1", neighbour="dc-core1"),
        alert("PrefixesMissing", TICKET, pop="hq", family="ipv4"),
        # Whoever has the other core too is down for a reason of its own.
        alert("WardUnreachable", PAGE, site="hq-so-tttt", pop="hq"),
        alert("AdjacencyMissing", TICKET, DC, device="dc-edge1", neighbour="dc-core2"),
    )
    assert len(down) > 9
    assert left == {
        "InfraCoreUnreachable dc-core1",
        "InfraWardUnreachable hq-so-tttt",
        "InfraAdjacencyMissing dc-core2",
    }


def test_a_router_beside_another_explains_its_own_circuits_and_neighbours(alertmanager: Alertmanager) -> None:
    bk = {"site": "bk", "pop": "hq"}
    left = alertmanager.left(
        alert("DeviceDown", TICKET, bk, device="bk-r1"),
        alert("CircuitDown", TICKET, bk, circuit="bk-1"),
        alert("CircuitDown", TICKET, bk, circuit="bk-3"),
        alert("AdjacencyMissing", TICKET, bk, device="bk-r2", neighbour="bk-r1"),
        alert("PrefixesMissing", TICKET, pop="hq", family="ipv4"),
    )
    assert left == {"InfraDeviceDown bk-r1", "InfraCircuitDown bk-3"}


def test_a_data_centre_that_is_gone_takes_its_systems_and_hosts(alertmanager: Alertmanager) -> None:
    bk = {"site": "bk", "pop": "hq"}
    left = alertmanager.left(
        alert("DataCentreUnreachable", PAGE, bk),
        alert("RegistrarDown", PAGE, bk, registrar="bk-registrar-1"),
        alert("HostDown", TICKET, bk, host="bk-db-1"),
        alert("CircuitDown", TICKET, bk, circuit="bk-1"),
        alert("AdjacencyMissing", TICKET, bk, device="dc-core1", neighbour="bk-r1"),
        alert("SystemDown", PAGE, system="portal", site="dc"),
    )
    assert left == {"InfraDataCentreUnreachable bk", "InfraSystemDown portal"}


def test_a_data_centre_that_is_gone_is_one_page_whoever_hangs_on_it(alertmanager: Alertmanager) -> None:
    departments = ("hq-so-tttt", "hq-so-noi-vu", "hq-so-khdt", "hq-so-tai-chinh", "hq-van-phong-ubnd")
    left = alertmanager.left(
        alert("DataCentreUnreachable", PAGE, DC),
        *(alert("WardUnreachable", PAGE, site=site, pop="hq") for site in departments),
        alert("RegistrarDown", PAGE, DC, registrar="dc-registrar-1"),
        alert("SystemDown", PAGE, DC, system="portal"),
        alert("CoreUnreachable", PAGE, DC, device="dc-core1"),
        alert("CoreUnreachable", PAGE, DC, device="dc-core2"),
    )
    assert left == {"InfraDataCentreUnreachable dc"}


def test_a_host_that_is_off_silences_no_page(alertmanager: Alertmanager) -> None:
    told = (
        alert("HostDown", TICKET, DC, host="dc-registrar-1"),
        alert("RegistrarDown", PAGE, DC, registrar="dc-registrar-1"),
        alert("SystemDown", PAGE, system="lgsp", site="dc"),
    )
    assert alertmanager.left(*told) == {
        "InfraHostDown dc-registrar-1",
        "InfraRegistrarDown dc-registrar-1",
        "InfraSystemDown lgsp",
    }


def test_what_a_front_passes_on_is_down_with_it(alertmanager: Alertmanager, city: City) -> None:
    behind = next(each for each in city.inventory.systems.values() if each.front == "portal")
    left = alertmanager.left(
        alert("SystemDown", PAGE, system="portal", site="dc"),
        alert("SystemDown", PAGE, system=behind.id, site="dc"),
        alert("SystemBudgetFast", PAGE, system=behind.id, site="dc"),
    )
    assert left == {"InfraSystemDown portal"}


def test_an_exporter_that_asks_for_others_is_one_alert(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("ExporterDown", PAGE, job="blackbox-exporter"),
        alert("PrometheusTargetMissing", TICKET, job="blackbox", site="dc", system="portal"),
        alert("PrometheusTargetMissing", TICKET, job="snmp-exporter"),
        alert("PrometheusTargetMissing", TICKET, NK, job="snmp", device="nk-pop1"),
        alert("PrometheusTargetMissing", TICKET, NK, job="frr", site="nk"),
    )
    assert left == {
        "InfraExporterDown blackbox-exporter",
        "InfraPrometheusTargetMissing snmp-exporter",
        "InfraPrometheusTargetMissing nk",
    }


def test_a_family_that_is_lost_everywhere_is_one_page(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("FamilyUnreachable", PAGE, family="ipv6"),
        alert("FamiliesApart", TICKET, AN_HOA),
        alert("FamiliesApart", TICKET, NK),
        alert("SystemFamilyDown", TICKET, system="lgsp", site="dc"),
        alert("PrefixesMissing", TICKET, pop="nk", family="ipv6"),
        alert("RoutesLost", TICKET, NK, device="nk-pop1", family="ipv4"),
    )
    assert left == {"InfraFamilyUnreachable ipv6", "InfraRoutesLost nk-pop1"}


def test_a_pop_that_has_lost_a_family_explains_its_wards(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("FamiliesApart", TICKET, NK),
        alert("FamiliesApart", TICKET, AN_HOA),
        alert("FamiliesApart", TICKET, site="bt-an-thoi", pop="bt"),
    )
    assert left == {"InfraFamiliesApart nk", "InfraFamiliesApart bt-an-thoi"}


def test_what_is_held_has_no_tickets_and_its_users_have_pages(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("Held", NONE, AN_HOA, object="nk-an-hoa", effect="isolate"),
        alert("RoomDown", TICKET, AN_HOA, room="nk-an-hoa-room"),
        alert("Held", NONE, object="dc-core1", effect="drain", device="dc-core1"),
        alert("DeviceDown", TICKET, DC, device="dc-core1"),
        alert("CircuitDown", TICKET, NK, circuit="nk-1"),
        alert("AdjacencyMissing", TICKET, DC, device="nk-pop1", neighbour="dc-core1"),
        alert("WardUnreachable", PAGE, AN_HOA),
        alert("DeviceDown", TICKET, DC, device="dc-core2"),
        alert("Held", NONE, object="bt-pop1", effect="drain", device="bt-pop1"),
        alert("CircuitDown", TICKET, site="bt", pop="bt", circuit="bt-1"),
        alert("AdjacencyMissing", TICKET, site="bt-an-thoi", device="bt-an-thoi-ce1", neighbour="bt-pop1"),
    )
    assert left == {
        "InfraHeld bt-pop1",
        "InfraHeld nk-an-hoa",
        "InfraHeld dc-core1",
        "InfraWardUnreachable nk-an-hoa",
        "InfraDeviceDown dc-core2",
    }


def test_a_ward_that_is_not_deployed_yet_is_one_ticket(alertmanager: Alertmanager) -> None:
    left = alertmanager.left(
        alert("SiteNew", TICKET, AN_HOA),
        alert("CircuitDown", TICKET, AN_HOA, circuit="nk-an-hoa-1"),
        alert("DeviceDown", TICKET, AN_HOA, device="nk-an-hoa-ce1"),
        alert("AdjacencyMissing", TICKET, AN_HOA, device="nk-pop1", neighbour="nk-an-hoa-ce1"),
        alert("RoomDown", TICKET, AN_HOA, room="nk-an-hoa-room"),
    )
    assert left == {"InfraSiteNew nk-an-hoa"}
