"""What the inventory says as evidence: each fact as it follows from the files, with the line that says it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_ctl.audit.collecting.part import Part
from infra_ctl.audit.collecting.written import collect
from infra_ctl.audit.collecting.written.ways import needed
from infra_ctl.city import City, load_city, relock, slice_of
from infra_ctl.controls.asked import asked
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.values import fits
from infra_ctl.inventory import Inventory, devices, port
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.slices import Slice, sliced
from tests.unit.conftest import SmallCity
from tests.unit.inventory.test_inventory_scale import grow

AT = datetime(2026, 11, 27)
Edited = Callable[..., City]


@pytest.fixture
def edited(small_folder: Path) -> Edited:
    """The small city with texts of its files replaced, `(file, old, new)` each; `""` appends."""

    def load(*edits: tuple[str, str, str]) -> City:
        for file, old, new in edits:
            text = (small_folder / file).read_text(encoding="utf-8")
            assert not old or text.count(old) == 1, f"{old!r} in {file}"
            changed = text.replace(old, new) if old else f"{text}{new}\n"
            (small_folder / file).write_text(changed, encoding="utf-8")
        relock(small_folder, free=False)
        return load_city(small_folder)

    return load


def of(city: City, kind: str, name: str) -> Part:
    return collect(city, AT)[kind, name]  # type: ignore[index]


def values(city: City, kind: str, name: str, fact: str) -> list[object]:
    return [each.value for each in of(city, kind, name).facts[fact]]


def lines(city: City, kind: str, name: str, fact: str) -> list[str]:
    return [str(each.line) for each in of(city, kind, name).facts[fact]]


def written_of(kind: str) -> set[str]:
    return {name for name, known in FACTS.items() if known.source == "inventory" and kind in known.of}


def refuse_incomplete(city: City) -> None:
    """Every fact of every object is had or missing, fits the catalogue, and has its line."""
    parts = collect(city, AT)
    assert list(parts) == [(each.kind, each.name) for each in asked(city.inventory)]
    for (kind, _), part in parts.items():
        assert part.facts.keys() | part.missing.keys() == written_of(kind)
        assert not part.facts.keys() & part.missing.keys()
        for name, facts in part.facts.items():
            known = FACTS[name]
            assert known.many or len(facts) == 1, name
            assert all(fits(fact.value, known.shape) and fact.line.number for fact in facts), name


def test_every_fact_of_the_reference_city_is_had_with_its_line(reference: City) -> None:
    refuse_incomplete(reference)
    folder = Path(__file__).parents[3] / "inventory"
    texts: dict[str, list[str]] = {}
    for part in collect(reference, AT).values():
        for line in (fact.line for facts in part.facts.values() for fact in facts):
            if line.document not in texts:
                texts[line.document] = (folder / line.document).read_text(encoding="utf-8").splitlines()
            assert texts[line.document][line.number - 1].strip() == line.text


def test_of_a_slice_is_written_what_is_so_in_the_city(reference: City) -> None:
    piece = Slice(Path(), ("nk-pop1", "nk-cai-khe-ce1", "dc-core1"), ("dc-app-1",), (), ())
    cut, whole = collect(slice_of(reference, piece), AT), collect(reference, AT)
    assert 10 < len(cut) < 20
    assert cut == {subject: whole[subject] for subject in cut}


def test_a_city_that_lacks_nearly_everything_can_be_read(reference: City) -> None:
    """A router without its site's others, circuits without an end, no data centre, no neighbour outside."""
    names = ("nk-pop1", "nk-cai-khe-ce1", "dc-core1")
    for there in (names, names[:2], names[1:2], ()):
        piece = Slice(Path(), there, ("dc-app-1",), ("nk-cai-khe-room",), there)
        refuse_incomplete(
            replace(
                reference,
                inventory=sliced(reference.inventory, piece),
                intents={name: reference.intents[name] for name in there},
                hosts={"dc-app-1": reference.hosts["dc-app-1"]},
                parts={f"{name}/host": reference.parts[f"{name}/host"] for name in there},
            )
        )


def test_a_site_hangs_by_what_every_way_to_it_leads_through(edited: Edited) -> None:
    city = edited()
    assert values(city, "site", "nk-an-hoa", "site.single") == ["nk-pop1", "nk-an-hoa-1", "nk-an-hoa-ce1"]
    assert values(city, "site", "nk-cai-khe", "site.single") == ["nk-cai-khe-ce1"]
    assert values(city, "site", "nk", "site.single") == ["nk-pop1"]
    assert values(city, "site", "dc", "site.single") == ["dc-edge1"]
    assert lines(city, "site", "nk-an-hoa", "site.single")[1].startswith("circuits.csv:11: nk-an-hoa-1,")


def test_a_data_centre_hangs_by_what_leads_to_the_routers_of_its_zones(small: SmallCity) -> None:
    inventory = small.city.inventory
    links = (("core1/eth2", "core2/eth2"), ("core1/eth3", "edge1/eth2"))
    profile = inventory.profiles["dc"].model_copy(update={"links": links})
    inventory = inventory.model_copy(update={"profiles": {**inventory.profiles, "dc": profile}})
    found = needed(inventory, frozenset(small.city.intents))
    assert found["dc"] == ("dc-edge1", "dc-core1")


def elements(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Every router, circuit and cable of a city, and whom it is next to: routers to none, others to two."""
    found: dict[str, tuple[str, ...]] = {device.hostname: () for device in devices(inventory)}
    for circuit in inventory.circuits.values():
        found[circuit.id] = (port(circuit.a).hostname, port(circuit.z).hostname)
    for site in inventory.sites.values():
        for index, link in enumerate(inventory.profiles[site.profile].links):
            found[f"{site.id} {index}"] = tuple(f"{site.id}-{end.partition('/')[0]}" for end in link)
    return found


def reached(around: Mapping[str, tuple[str, ...]], starts: set[str], without: str) -> set[str]:
    found, waiting = set[str](), [start for start in starts if start != without]
    while waiting:
        router = waiting.pop()
        found.add(router)
        for name, ends in around.items():
            if name != without and router in ends:
                waiting.extend(end for end in ends if end not in found and end != without)
    return found


def brute(inventory: Inventory) -> Iterator[tuple[str, set[str]]]:
    """As `needed`: take each router and circuit away, and look who is cut off."""
    around = elements(inventory)
    heart = {"dc-core1", "dc-core2"}
    for site in inventory.sites.values():
        is_centre = site.kind is SiteKind.DC
        starts = {"dc-edge1"} if is_centre else heart
        own = {f"{site.id}-{name}" for name in inventory.profiles[site.profile].devices}
        own = heart if is_centre else own
        if reached(around, starts, "") & own:
            named = [name for name in around if " " not in name]
            yield site.id, {name for name in named if not reached(around, starts, name) & own}


ROUTERS = ("dc:core1", "dc:core2", "nk:pop1", "bt:pop1", "bk:r1", "nk-an-hoa:ce1", "bt-long-hoa:ce1")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    gone=st.sets(st.integers(0, 10)),
    new=st.lists(st.tuples(st.sampled_from(ROUTERS), st.sampled_from(ROUTERS)), max_size=5),
)
def test_what_is_needed_is_what_cuts_a_site_off_when_it_is_taken_away(
    gone: set[int], new: list[tuple[str, str]], small: SmallCity
) -> None:
    kept = [each for number, each in enumerate(small.city.inventory.circuits.values()) if number not in gone]
    model = next(iter(small.city.inventory.circuits.values()))
    for number, (a, z) in enumerate(new):
        ends = {"a": f"{a}/eth{200 + number}", "z": f"{z}/eth{300 + number}"}
        kept.append(model.model_copy(update={"id": f"new-{number}", **ends}))
    inventory = small.city.inventory.model_copy(update={"circuits": {each.id: each for each in kept}})
    there = frozenset(device.hostname for device in devices(inventory))
    found = needed(inventory, there)
    assert {site: set(names) for site, names in found.items()} == dict(brute(inventory))


def test_circuits_are_counted_and_their_directions_and_providers_are_told_apart(edited: Edited) -> None:
    ends = "bk-2,dc:core2/eth10,bk:r1/eth4,"
    city = edited(("circuits.csv", f"{ends}leased,l2,Viettel", f"{ends}tslcd-1,l2,VNPT"))
    assert values(city, "site", "bk", "site.class") == ["tslcd-1", "tslcd-1"]
    assert values(city, "site", "bk", "site.direction") == ["north", "west"]
    assert values(city, "site", "bk", "site.provider") == ["VNPT"]
    assert lines(city, "site", "bk", "site.provider")[0].startswith("circuits.csv:2: bk-1,")
    assert values(city, "site", "dc", "site.class").count("tslcd-1") == 4
    assert values(city, "circuit", "bk-2", "circuit.class") == ["tslcd-1"]
    assert values(city, "circuit", "bk-2", "circuit.queue") == ["control", "video", "default"]


def test_a_site_lacks_what_its_profile_says_and_nobody_has(small: SmallCity) -> None:
    city = small.city
    sites = [part for (kind, _), part in collect(city, AT).items() if kind == "site"]
    assert not any(part.facts["site.lacking"] for part in sites)
    circuits = {name: each for name, each in city.inventory.circuits.items() if name != "nk-cai-khe-2"}
    intents = {name: each for name, each in city.intents.items() if name != "nk-an-hoa-ce1"}
    inventory = city.inventory.model_copy(update={"circuits": circuits, "rooms": {}})
    lans = tuple(each for each in intents["nk-cai-khe-ce1"].interfaces if each.circuit != "nk-cai-khe:video")
    shut = tuple(replace(each, enabled=each.circuit != "nk-cai-khe:guest") for each in lans)
    intents["nk-cai-khe-ce1"] = replace(intents["nk-cai-khe-ce1"], interfaces=shut)
    broken = replace(city, inventory=inventory, intents=intents)
    assert values(broken, "site", "nk-cai-khe", "site.lacking") == [
        "circuits 1 of 2",
        "directions 1 of 2",
        "lan video",
        "lan guest",
        "room",
    ]
    found = of(broken, "site", "nk-an-hoa").facts["site.lacking"]
    assert found[0].value == "router ce1"
    assert str(found[0].line).startswith("profiles.yaml:33: ce1: {role: ce, platform: frr,")


def test_families_are_those_of_the_lans(edited: Edited) -> None:
    city = edited()
    assert values(city, "site", "nk-cai-khe", "site.family") == ["ipv4", "ipv6"]
    assert values(city, "site", "nk-an-hoa", "site.family") == ["ipv4"]
    assert values(city, "site", "nk-an-hoa", "site.stage") == ["none"]
    assert values(city, "site", "nk", "site.family") == []
    shut = tuple(replace(each, enabled=False) for each in city.intents["nk-an-hoa-ce1"].interfaces)
    intents = {**city.intents, "nk-an-hoa-ce1": replace(city.intents["nk-an-hoa-ce1"], interfaces=shut)}
    assert values(replace(city, intents=intents), "site", "nk-an-hoa", "site.family") == []


def test_ports_are_unknown_until_somebody_says(edited: Edited) -> None:
    city = edited()
    assert values(city, "site", "nk-an-hoa", "site.wan_ports") == [2]
    assert of(city, "site", "nk-an-hoa").missing.keys() == {"site.lan_ports"}
    first = "kind: commune\n  devices:\n    ce1: {role: ce, platform: frr, "
    city = edited(("profiles.yaml", first, f"{first}lan_ports: 8, wan_ports: 4, "))
    assert values(city, "site", "nk-an-hoa", "site.lan_ports") == [8]
    assert values(city, "site", "nk-cai-khe", "site.wan_ports") == [4]
    city = edited(
        (
            "profiles.yaml",
            "edge1: {role: edge, platform: frr}",
            "edge1: {role: edge, platform: frr, wan_ports: 2}",
        ),
        ("profiles.yaml", "core2: {role: core, ", "core2: {role: core, wan_ports: 3, "),
    )
    assert values(city, "site", "dc", "site.wan_ports") == [5]


def test_what_a_router_offers_is_what_all_of_a_site_do(small: SmallCity) -> None:
    every = ["ipv6", "encrypted-administration", "vlan", "snmp", "syslog"]
    assert values(small.city, "site", "nk-an-hoa", "site.ce") == every
    assert values(small.city, "site", "dc", "site.ce") == [each for each in every if each != "vlan"]


def test_how_far_a_neighbour_leads_is_unknown_until_somebody_says(edited: Edited) -> None:
    city = edited()
    assert "cpt-1" in of(city, "site", "dc").missing["site.international"]
    assert values(city, "site", "nk", "site.international") == []
    assert values(edited(("peers.yaml", "", "  reach: national")), "site", "dc", "site.international") == []
    city = edited(("peers.yaml", "reach: national", "reach: international"))
    assert "direction" in of(city, "site", "dc").missing["site.international"]
    city = edited(("peers.yaml", "", "  direction: east"))
    assert values(city, "site", "dc", "site.international") == ["east"]


def test_zones_are_those_that_something_stands_in(edited: Edited) -> None:
    city = edited()
    stand = ["edge", "management", "servers", "databases", "lgsp", "mcu", "wan"]
    assert values(city, "city", "can-tho", "city.zone") == stand
    assert values(city, "city", "can-tho", "city.unzoned") == [
        f"LAN {lan}: in no zone" for lan in ("management", "staff", "video", "one-stop", "voice", "guest")
    ]
    city = edited(
        ("zones.yaml", "", "users: {lans: [staff, one-stop, voice, video, servers]}"),
        ("zones.yaml", "", "wireless: {lans: [guest, management, staff]}"),
        ("zones.yaml", "", "party: {lans: [iot]}"),
        ("zones.yaml", "users: [administrators]}", "users: [administrators], lans: [management, iot]}"),
    )
    assert values(city, "city", "can-tho", "city.zone") == [*stand[:-1], "users", "wireless", "wan"]
    assert values(city, "city", "can-tho", "city.unzoned") == [
        "LAN management: in management and wireless",
        "LAN staff: in users and wireless",
    ]
    assert lines(city, "city", "can-tho", "city.unzoned")[0].startswith("zones.yaml:4: wireless:")


def test_addresses_are_somebodys_alone_and_out_of_what_was_assigned(small: SmallCity) -> None:
    city = small.city
    assert values(city, "city", "can-tho", "city.address_overlaps") == []
    assert values(city, "city", "can-tho", "city.address_outside") == []
    moved = {
        **city.prefixes,
        ("nk-cai-khe", "site-ipv4"): city.prefixes["nk-an-hoa", "site-ipv4"],
        ("bk-1", "link-ipv4"): IPv4Network("192.0.2.2/31"),
    }
    broken = replace(city, prefixes=moved)
    assert values(broken, "city", "can-tho", "city.address_overlaps") == [
        "10.65.200.0/24 nk-cai-khe site-ipv4 in 10.65.200.0/24 nk-an-hoa site-ipv4",
        "192.0.2.2/31 bk-1 link-ipv4 in 192.0.2.0/30 cpt-1",
    ]
    assert values(broken, "city", "can-tho", "city.address_outside") == ["192.0.2.2/31 bk-1 link-ipv4"]
    (line,) = lines(broken, "city", "can-tho", "city.address_outside")
    assert line == f"allocations.lock.csv:{city.lock_lines['bk-1', 'link-ipv4']}: bk-1,link-ipv4,192.0.2.2/31"


def test_what_the_authority_assigned_is_not_outside(edited: Edited) -> None:
    city = edited(("city.yaml", "nk-an-hoa site-ipv4: 10.65.200.0/24", "nk-an-hoa site-ipv4: 172.16.1.0/24"))
    assert values(city, "city", "can-tho", "city.address_outside") == []


def test_the_backup_is_so_far_away_and_joined_by_so_many(edited: Edited, reference: City) -> None:
    city = edited()
    assert values(city, "city", "can-tho", "city.backup_link") == ["bk-1", "bk-2"]
    assert of(city, "city", "can-tho").missing == {
        "city.backup_distance": "nobody wrote where dc stands (lat, lon)"
    }
    (apart,) = values(reference, "city", reference.inventory.city.slug, "city.backup_distance")
    assert apart == pytest.approx(6.3, abs=0.1)  # 0.04 degrees each way, at ten degrees north


def test_an_approved_level_has_a_decision_and_a_drafted_one_none(edited: Edited) -> None:
    city = edited(("systems.yaml", "approval: {state: draft}", "approval: {state: draft, decision: 9/DT}"))
    assert values(city, "system", "one-stop", "system.decision") == ["103/QĐ-STTTT"]
    assert values(city, "system", "lgsp", "system.decision") == []
    assert values(city, "system", "lgsp", "system.approval") == ["draft"]
    assert lines(city, "system", "one-stop", "system.decision")[0].startswith("systems.yaml:5: approval:")


def test_who_reaches_a_database_beside_its_applications(edited: Edited) -> None:
    city = edited()
    assert values(city, "system", "one-stop", "system.database") == ["one-stop"]
    assert values(city, "system", "one-stop", "system.database_open") == []
    assert values(city, "system", "lgsp", "system.database_open") == []
    city = edited(
        ("zones.yaml", "", "databases: {users: [staff, outside]}"),
        ("systems.yaml", "", f"{DATABASE}\n  probes: [tcp://store.cantho.example:5432]"),
    )
    found = set(values(city, "system", "one-stop", "system.database_open"))
    assert found == {"outside", "staff"}
    assert set(lines(city, "system", "one-stop", "system.database_open")) == {
        "zones.yaml:3: databases: {users: [staff, outside]}"
    }


DATABASE = """store:
  name: Kho
  owner: so-tttt
  level: 2
  approval: {state: none}
  runs_on: [dc-db-1]
  zone: databases
  ipv6: routed
  databases: [one-stop]"""


def test_databases_of_ours_take_tls_alone_and_are_no_pages(edited: Edited) -> None:
    city = edited(("systems.yaml", "", DATABASE))
    assert values(city, "system", "store", "system.unencrypted") == []
    assert values(city, "system", "store", "system.web") == [False]
    probes = "  probes: [http://store.cantho.example, tcp://store.cantho.example:5432]"
    city = edited(("systems.yaml", "", probes))
    assert values(city, "system", "store", "system.unencrypted") == ["http/80"]


@pytest.mark.parametrize(
    ("said", "clear", "web"),
    [
        ("probes: [https://a.example/]", [], True),
        ("probes: [http://a.example/, https://a.example/]", ["http/80"], True),
        ("probes: [smtp://a.example]", ["smtp/25"], False),
        ("probes: [smtp://a.example]\n  encrypted: [smtp/25]", [], False),
        ("probes: [tcp://a.example:7000]", None, False),
        ("probes: [tcp://a.example:7000]\n  encrypted: [tcp/7000]", [], False),
        ("probes: [https://a.example/]\n  listen: [http/8080]", ["http/8080"], True),
        ("probes: [https://a.example/]\n  web: false", [], False),
        ("sites: []", None, None),
    ],
)
def test_how_a_system_is_spoken_to(
    said: str, clear: list[str] | None, web: bool | None, edited: Edited
) -> None:
    city = edited(("systems.yaml", "  sites: [nk-an-hoa]", f"  {said}"))
    part = of(city, "system", "portal")
    for fact, wanted in (("system.unencrypted", clear), ("system.web", None if web is None else [web])):
        found = part.facts.get(fact)
        assert (found and [each.value for each in found]) == (wanted or (found and wanted))
        assert (fact in part.missing) is (wanted is None)


def test_the_line_of_a_way_is_the_one_that_names_it(edited: Edited) -> None:
    probes = "probes:\n    - https://a.example/\n    - http://a.example/"
    city = edited(("systems.yaml", "  sites: [nk-an-hoa]", f"  {probes}"))
    assert lines(city, "system", "portal", "system.unencrypted") == ["systems.yaml:34: - http://a.example/"]


def test_a_front_guards_what_is_behind_it(edited: Edited) -> None:
    city = edited()
    assert "waf" in of(city, "system", "one-stop").missing["system.waf"]
    city = edited(("systems.yaml", "rto: 15m", "rto: 15m\n  waf: true"))
    assert values(city, "system", "one-stop", "system.waf") == [True]
    systems = city.inventory.systems
    front = {
        "one-stop": systems["one-stop"].model_copy(update={"front": "portal", "waf": None}),
        "portal": systems["portal"].model_copy(update={"waf": False}),
    }
    inventory = city.inventory.model_copy(update={"systems": {**city.inventory.systems, **front}})
    assert values(replace(city, inventory=inventory), "system", "one-stop", "system.waf") == [False]


def test_administrators_share_a_port_with_users_or_do_not(edited: Edited) -> None:
    city = edited()
    assert "administration" in of(city, "system", "one-stop").missing["system.shared_port"]
    city = edited(("systems.yaml", "rto: 15m", "rto: 15m\n  administration: [ssh/22, https/443]"))
    assert values(city, "system", "one-stop", "system.shared_port") == ["https/443"]
    city = edited(("systems.yaml", "[ssh/22, https/443]", "[ssh/22, https/8443]"))
    assert values(city, "system", "one-stop", "system.shared_port") == []


def test_what_nobody_wrote_of_a_machine(edited: Edited) -> None:
    city = edited()
    assert values(city, "device", "dc-edge1", "asset.missing") == []
    assert values(city, "host", "dc-app-1", "asset.missing") == ["support-end"]
    assert lines(city, "host", "dc-app-1", "asset.missing") == ["assets.csv:3: dc-app-1,S7-1,,Tủ C01,so-tttt"]
    every = ["serial", "support-end", "location", "owner"]
    assert values(city, "device", "nk-pop1", "asset.missing") == every
    assert lines(city, "device", "nk-pop1", "asset.missing")[0].startswith("sites.yaml:3: nk:")
    assert lines(city, "host", "bk-app-1", "asset.missing")[0].startswith("hosts.yaml:3: bk-app-1:")


def test_twice_the_wards_are_twice_the_work(
    small_folder: Path, tmp_path: Path, calls: Callable[[Callable[[], object]], int]
) -> None:
    cities: list[City] = []
    for pops in (1, 2):
        folder = Path(shutil.copytree(small_folder, tmp_path / str(pops)))
        grow(folder, pops)
        relock(folder, free=False)
        cities.append(load_city(folder))
    for city in cities:
        collect(city, AT)
    once, twice = (calls(lambda city=city: collect(city, AT)) for city in cities)  # type: ignore[misc]
    assert twice < 2.1 * once
