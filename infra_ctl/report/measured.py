"""What a report measures, of one unit or of the city: pure, from what was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Words
from infra_ctl.inventory.devices import port
from infra_ctl.inventory.kinds import CircuitClass, SiteKind, Stage
from infra_ctl.inventory.models import Circuit, Site, System
from infra_ctl.journal.records import WELL, Step
from infra_ctl.outcome import Verdict
from infra_ctl.report.changes import Change
from infra_ctl.report.document import words
from infra_ctl.report.measure import Measure, count, share, unmeasured
from infra_ctl.report.readings import Readings, Seen
from infra_ctl.report.scope import Scope

PRIVATE = (CircuitClass.TSLCD_1, CircuitClass.TSLCD_2)
"""Circuits of the private network of Party and State."""
CENTRES = (SiteKind.DC, SiteKind.DC_BACKUP)
STANDARD = "city-standard"
LOAD = 0.9
"""What a circuit may carry of its capacity (Circular 06/2026, 5.6)."""

_NOT_AUDITED = words("trong kỳ chưa có đợt kiểm tra", "there was no audit in the period")
_NOT_LOOKED = words("trong kỳ không có lần đối chiếu cấu hình", "nobody looked for drift in the period")
_NO_JOURNAL = words("chưa có nhật ký", "there is no journal")
_NO_BACKUP = words("không có kho sao lưu", "there is no repository of backups")
_NO_SERIES = words("hệ thống giám sát không có số liệu của kỳ", "monitoring has nothing of the period")


@dataclass(frozen=True, slots=True)
class Computed:
    """An indicator that is computed here: what it says, and how."""

    title: Words
    of: Callable[[Scope, Readings], Measure]
    is_share: bool = True
    """A number by itself is no target's."""


def measures(scope: Scope, readings: Readings) -> Mapping[str, Measure]:
    """Every computed indicator by its name."""
    return {name: each.of(scope, readings) for name, each in COMPUTED.items()}


def sites(scope: Scope, readings: Readings) -> tuple[Site, ...]:
    """Its sites in the order of the files."""
    return tuple(site for site in readings.inventory.sites.values() if scope.has("site", site.id))


def circuits(scope: Scope, readings: Readings) -> tuple[Circuit, ...]:
    """Those that serve its sites."""
    return tuple(each for each in readings.inventory.circuits.values() if scope.has("circuit", each.id))


def systems(scope: Scope, readings: Readings) -> tuple[System, ...]:
    """Those that it owns."""
    return tuple(each for each in readings.inventory.systems.values() if scope.has("system", each.id))


def rooms(scope: Scope, readings: Readings) -> tuple[str, ...]:
    return tuple(r.id for r in readings.inventory.rooms.values() if scope.has("site", r.site))


def findings(scope: Scope, readings: Readings) -> Iterator[Finding]:
    """What was found of its objects in the period, and applies to them."""
    for (_, _, kind, name), finding in readings.findings.items():
        if finding.verdict is not Verdict.SKIP and scope.has(kind, name):
            yield finding


def directions(readings: Readings) -> Mapping[str, frozenset[str]]:
    """The physical ways out of each site that hangs on another."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for circuit in readings.inventory.circuits.values():
        found[port(circuit.z).site].add(circuit.direction)
    return {site: frozenset(ways) for site, ways in found.items()}


def promised(readings: Readings) -> Mapping[str, float]:
    """The availability that each class of circuit has in its contract."""
    inventory = readings.inventory
    contracts = inventory.monitoring.objectives.circuits
    return {name: inventory.contracts[contract].sla for name, contract in contracts.items()}


def changed(scope: Scope, readings: Readings) -> tuple[tuple[Change, Step], ...]:
    """Each machine of its own that a run had to do with: a run that met three is there three times."""
    return tuple(
        (change, step)
        for change in readings.changes
        for step in change.steps
        if scope.has_machine(step.device)
    )


def _sites_dual(scope: Scope, readings: Readings) -> Measure:
    return _written([site.ipv6 >= Stage.DUAL for site in sites(scope, readings)])


def _sites_two_directions(scope: Scope, readings: Readings) -> Measure:
    ways = directions(readings)
    return _written([len(ways[each.id]) > 1 for each in sites(scope, readings) if each.id in ways])


def _sites_private(scope: Scope, readings: Readings) -> Measure:
    private = {
        port(each.z).site for each in readings.inventory.circuits.values() if each.circuit_class in PRIVATE
    }
    hanging = directions(readings).keys()
    return _written([each.id in private for each in sites(scope, readings) if each.id in hanging])


def _communes_with_room(scope: Scope, readings: Readings) -> Measure:
    there = {room.site for room in readings.inventory.rooms.values()}
    communes = [site for site in sites(scope, readings) if site.kind is SiteKind.COMMUNE]
    return _written([site.id in there for site in communes])


def _systems_approved(scope: Scope, readings: Readings) -> Measure:
    return _written([each.approval.state == "approved" for each in systems(scope, readings)])


def _systems_central(scope: Scope, readings: Readings) -> Measure:
    inventory = readings.inventory
    kinds = [
        {inventory.sites[inventory.hosts[host].site].kind for host in each.runs_on}
        for each in systems(scope, readings)
    ]
    return _written([found <= set(CENTRES) for found in kinds])


def _bandwidth(scope: Scope, readings: Readings) -> Measure:
    return count("inventory", sum(each.mbps for each in circuits(scope, readings)))


def _written(holds: Iterable[bool]) -> Measure:
    every = tuple(holds)
    return share("inventory", sum(every), len(every))


def _sites_conforming(scope: Scope, readings: Readings) -> Measure:
    """Sites of which no control of the city's standard says otherwise, of those that were judged."""
    judged: defaultdict[str, bool] = defaultdict(lambda: True)
    for finding in findings(scope, readings):
        if finding.law == STANDARD and finding.kind == "site":
            judged[finding.object] &= finding.verdict is Verdict.PASS
    if not scope.named("site"):
        return share("audit", 0, 0)
    asked = {name for law, _, kind, name in readings.findings if law == STANDARD and kind == "site"}
    missing = sum(name not in asked for name in scope.named("site"))
    return _audited(sum(judged.values()), len(judged), missing)


def _controls_passed(scope: Scope, readings: Readings) -> Measure:
    """What was not audited has a requirement at least."""
    verdicts = [finding.verdict for finding in findings(scope, readings)]
    objects = _objects_audited(scope, readings)
    missing = (objects.whole or 0) - (objects.part or 0)
    return _audited(sum(each is Verdict.PASS for each in verdicts), len(verdicts), missing)


def _objects_audited(scope: Scope, readings: Readings) -> Measure:
    kinds: tuple[Kind, ...] = ("site", "device", "circuit", "host", "system")
    there = [(kind, name) for kind in kinds for name in scope.named(kind)]
    audited = {(kind, name) for _, _, kind, name in readings.findings}
    return share("audit", sum(each in audited for each in there), len(there))


def _audited(good: int, judged: int, missing: float) -> Measure:
    return share("audit", good, judged, missing) if judged else unmeasured("audit", _NOT_AUDITED)


def _changes(scope: Scope, readings: Readings) -> Measure:
    found = changed(scope, readings)
    return count("journal", len(found)) if readings.has_journal else unmeasured("journal", _NO_JOURNAL)


def _changes_explained(scope: Scope, readings: Readings) -> Measure:
    return _journalled(readings, [change.is_explained for change, _ in changed(scope, readings)])


def _changes_well(scope: Scope, readings: Readings) -> Measure:
    return _journalled(readings, [step.state in WELL for _, step in changed(scope, readings)])


def _journalled(readings: Readings, good: Sequence[bool]) -> Measure:
    if not readings.has_journal:
        return unmeasured("journal", _NO_JOURNAL)
    return share("journal", sum(good), len(good))


def _machines_as_intended(scope: Scope, readings: Readings) -> Measure:
    there = {*scope.named("device"), *scope.named("host")}
    if not there:
        return share("journal", 0, 0)
    looks = [each for name, each in readings.looks.items() if scope.has_machine(name)]
    right = {each.object: not each.drifted for each in looks if readings.period.holds(each.at)}
    if not right:
        return unmeasured("journal", _NOT_LOOKED)
    return share("journal", sum(right.values()), len(right), len(there - right.keys()))


def _machines_backed_up(scope: Scope, readings: Readings) -> Measure:
    """Of what was read after the period nobody knows any more whether it was in it."""
    there = [*scope.named("device"), *scope.named("host")]
    if there and not readings.backups:
        return unmeasured("backup", _NO_BACKUP)
    since, until = readings.period.since, readings.period.until
    read = [readings.backups.get(name, datetime.min) for name in there]
    told = [at >= since for at in read if at < until]
    if there and not told:
        return unmeasured("backup", _NO_BACKUP)
    return share("backup", sum(told), len(told), len(there) - len(told))


def _circuits_available(scope: Scope, readings: Readings) -> Measure:
    return _monitored(readings, "circuits-available", (each.id for each in circuits(scope, readings)))


def _circuits_as_promised(scope: Scope, readings: Readings) -> Measure:
    """Circuits that were there for as much of the time as their contracts promise."""
    sla = promised(readings)
    seen = readings.monitored.values.get("circuits-available", {})
    own = [each for each in circuits(scope, readings) if each.circuit_class in sla]
    good = [seen[each.id].value >= sla[each.circuit_class] for each in own if each.id in seen]
    return _watched(readings, sum(good), len(good), len(own))


def _circuits_within_load(scope: Scope, readings: Readings) -> Measure:
    seen = readings.monitored.values.get("circuits-load", {})
    own = circuits(scope, readings)
    good = [seen[each.id].value <= LOAD for each in own if each.id in seen]
    return _watched(readings, sum(good), len(good), len(own))


def _sites_reachable(scope: Scope, readings: Readings) -> Measure:
    return _monitored(readings, "sites-reachable", scope.named("site"))


def _systems_available(scope: Scope, readings: Readings) -> Measure:
    return _monitored(readings, "systems-available", scope.named("system"))


def _rooms_available(scope: Scope, readings: Readings) -> Measure:
    return _monitored(readings, "rooms-available", rooms(scope, readings))


def _monitored(readings: Readings, name: str, objects: Iterable[str]) -> Measure:
    """The mean of what was measured of some objects: its sum, of as many."""
    seen: Mapping[str, Seen] = readings.monitored.values.get(name, {})
    every = tuple(objects)
    found = [seen[each].value for each in every if each in seen]
    return _watched(readings, sum(found), len(found), len(every))


def _watched(readings: Readings, part: float, whole: int, there: int) -> Measure:
    """Of what was measured; of what there is nothing of there is nothing to measure."""
    if whole or not there:
        return share("monitoring", part, whole, there - whole)
    return unmeasured("monitoring", readings.monitored.cause or _NO_SERIES)


COMPUTED: Mapping[str, Computed] = {
    "sites-conforming": Computed(
        words("Điểm mạng đạt tiêu chuẩn của thành phố", "Sites that meet the city's standard"),
        _sites_conforming,
    ),
    "sites-two-directions": Computed(
        words("Điểm mạng có từ hai hướng truyền vật lý", "Sites with two physical directions"),
        _sites_two_directions,
    ),
    "sites-private": Computed(
        words("Điểm mạng kết nối Mạng truyền số liệu chuyên dùng", "Sites on the private data network"),
        _sites_private,
    ),
    "sites-dual": Computed(
        words("Điểm mạng đã có IPv6 trên mạng LAN", "Sites with IPv6 on their LANs"), _sites_dual
    ),
    "sites-reachable": Computed(
        words("Thời gian điểm mạng liên lạc được", "Time in which sites could be reached"), _sites_reachable
    ),
    "bandwidth": Computed(
        words("Tổng băng thông thuê (Mbit/s)", "Bandwidth under contract (Mbit/s)"),
        _bandwidth,
        is_share=False,
    ),
    "circuits-available": Computed(
        words("Thời gian kênh truyền hoạt động", "Time in which circuits worked"), _circuits_available
    ),
    "circuits-as-promised": Computed(
        words("Kênh truyền đạt mức cam kết của hợp đồng", "Circuits as available as their contracts promise"),
        _circuits_as_promised,
    ),
    "circuits-within-load": Computed(
        words("Kênh truyền có tải không quá 90% dung lượng", "Circuits with a load of at most 90 %"),
        _circuits_within_load,
    ),
    "communes-with-room": Computed(
        words("Xã, phường, thị trấn có phòng họp truyền hình", "Communes with a video room"),
        _communes_with_room,
    ),
    "rooms-available": Computed(
        words("Thời gian phòng họp truyền hình sẵn sàng", "Time in which video rooms answered"),
        _rooms_available,
    ),
    "systems-approved": Computed(
        words("Hệ thống thông tin được phê duyệt cấp độ an toàn", "Systems whose security level is approved"),
        _systems_approved,
    ),
    "systems-central": Computed(
        words("Hệ thống thông tin đặt tại trung tâm dữ liệu", "Systems that run in a data centre"),
        _systems_central,
    ),
    "systems-available": Computed(
        words("Thời gian hệ thống thông tin phục vụ được", "Time in which systems answered"),
        _systems_available,
    ),
    "objects-audited": Computed(
        words("Đối tượng được kiểm tra trong kỳ", "Objects audited in the period"), _objects_audited
    ),
    "controls-passed": Computed(words("Yêu cầu kiểm tra đạt", "Requirements met"), _controls_passed),
    "machines-as-intended": Computed(
        words("Thiết bị, máy chủ đúng cấu hình được phê duyệt", "Machines that run what is intended"),
        _machines_as_intended,
    ),
    "machines-backed-up": Computed(
        words("Thiết bị, máy chủ được sao lưu trong kỳ", "Machines backed up in the period"),
        _machines_backed_up,
    ),
    "changes": Computed(
        words("Lượt thay đổi trên thiết bị, máy chủ", "Changes of machines"), _changes, is_share=False
    ),
    "changes-explained": Computed(
        words("Lượt thay đổi có lý do hoặc số phiếu", "Changes with a reason or a ticket"), _changes_explained
    ),
    "changes-well": Computed(words("Lượt thay đổi hoàn thành", "Changes that ended well"), _changes_well),
}
"""By name. Shares of units add up to the city's: a mean is a sum of so many."""
