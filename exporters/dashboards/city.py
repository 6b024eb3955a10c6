"""The city at a glance: what has lost service, where, and what is about to."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Layer, Lines, Map, Query, Row, Stat, Table, Text
from exporters.dashboards.words import (
    ANY,
    AT_POP,
    BUDGET,
    CIRCUIT,
    JITTER,
    LOSS,
    LOST,
    NAME,
    NAMED,
    NUMBER,
    OBJECT,
    POP,
    PROVIDER,
    RATIO,
    ROUND_TRIP,
    SECONDS,
    SEVERITY,
    SITE,
)
from infra_ctl.inventory.monitoring import Thresholds

AT = 'and on (site) site:place:info{pop=~"$pop"}'
OF = 'and on (circuit) circuit:place:info{pop=~"$pop"}'
_KNOWN = "max by (site, name, pop, kind, latitude, longitude)"
_POPS = 'topk by (pop) (1, infra_site_info{kind="pop", latitude!=""})'
_POINTS = f"""(
  {_KNOWN} (infra_site_info{{latitude!=""}})
  or on (site)
  max by (site, name, pop, kind) (infra_site_info{{latitude=""}})
    * on (pop) group_left (latitude, longitude) {_POPS}
)"""
"""Every site, where it is or else where its PoP is."""
_LARGE = "pop|dc|dc-backup"
_BY_ENDS = f"""on (circuit) group_left (source, target) max by (circuit, source, target) (
  label_replace(
    label_replace(
      infra_circuit_info{{pop=~"$pop"}}
        and on (site) {_POINTS}
        and on (a_site) label_replace({_POINTS}, "a_site", "$1", "site", "(.+)"),
      "source", "$1", "a_site", "(.+)"
    ),
    "target", "$1", "site", "(.+)"
  )
)"""
"""Circuits between two places: a line to nowhere would spoil the others."""
_OBJECTS = ("circuit", "room", "system", "registrar", "device", "host", "neighbour", "family")
_ABOUT = ", ".join(f'"{label}"' for label in (*_OBJECTS, "object", "object_kind", "exporter", "job"))


def _named(expr: str, label: str, parts: str, pattern: str) -> str:
    """With a label of what there is of others, or `-`: every row of a table has it."""
    joined = f'label_join({expr}, "{label}", " ", {parts})'
    cut = f'label_replace({joined}, "{label}", "$1", "{label}", "{pattern}")'
    return f'label_replace({cut}, "{label}", "-", "{label}", " *")'


_RAISED = """(time() - ALERTS_FOR_STATE{severity=~"page|ticket"})
  and ignoring (alertstate) ALERTS{alertstate="firing"}"""
_PLACE = _named(_RAISED, "site", '"site", "pop"', " *([^ ]+).*")
_FIRING = f"max by (severity, alertname, site, about) ({_named(_PLACE, 'about', _ABOUT, ' *(.*?) *')})"
"""For how long; what is about no site is about its PoP, or about the city."""
_PLACED = """(
  site:probes_lost:ratio_rate5m * on (site) group_left (pop) site:place:info{pop=~"$pop"}
)"""


def city(_: Thresholds) -> Board:
    return Board(
        "infra-city",
        Text("City overview", "Toàn cảnh thành phố"),
        Text(
            "What has lost service, where, and what is about to: sites, circuits, systems, rooms.",
            "Nơi nào đang mất dịch vụ, nơi nào sắp mất: địa điểm, kênh truyền, hệ thống, phòng họp.",
        ),
        (_now(), _where(), _lists(), _over_time()),
        (AT_POP,),
    )


def _now() -> Row:
    return Row(
        Text("Now", "Hiện tại"),
        (
            _count(
                Text("Sites that do not answer", "Địa điểm không trả lời"),
                Text(
                    "Sites to which more than half of a minute's probes are lost.",
                    "Số địa điểm mất quá nửa gói dò trong một phút.",
                ),
                f"sum((site:probes_lost:ratio_rate1m >= 0) > bool 0.5 {AT})",
                "infra-site",
            ),
            _count(
                Text("Circuits that are down", "Kênh truyền bị đứt"),
                Text(
                    "Circuits that lose more than half of a minute's probes: unavailable by the contract.",
                    "Số kênh mất quá nửa gói dò trong một phút: không khả dụng theo hợp đồng.",
                ),
                f"sum(circuit:unavailable:bool {OF})",
                "infra-circuit",
            ),
            _count(
                Text("Systems that fail", "Hệ thống bị lỗi"),
                Text(
                    "Information systems of which a probe fails, over IPv4 or IPv6.",
                    "Số hệ thống thông tin có phép thử không đạt, qua IPv4 hoặc IPv6.",
                ),
                "sum(system:probes_failed:ratio > bool 0)",
                "infra-datacentre",
            ),
            _count(
                Text("Rooms that do not answer", "Phòng họp không trả lời"),
                Text(
                    "Video rooms without a SIP response and without an open H.323 port.",
                    "Số phòng họp trực tuyến không có phản hồi SIP và không mở cổng H.323.",
                ),
                'sum(max by (room) (infra_room_up) == bool 0 and on (room) room:place:info{pop=~"$pop"})',
                "infra-video",
            ),
            *_more_now(),
        ),
    )


def _more_now() -> tuple[Stat, ...]:
    return (
        _count(
            Text("Devices that cannot be read", "Thiết bị không đọc được"),
            Text(
                "Routers that the last sweep of the state exporter could not read.",
                "Số bộ định tuyến mà lần quét gần nhất không đọc được.",
            ),
            'sum(max by (device) (infra_device_up) == bool 0 and on (device) device:place:info{pop=~"$pop"})',
            "infra-runs",
        ),
        _count(
            Text("Pages", "Cảnh báo khẩn"),
            Text(
                "Alerts of severity page that fire now, whole city; Alertmanager may silence some of them.",
                "Số cảnh báo mức khẩn đang phát, toàn thành phố; Alertmanager có thể đã nén bớt.",
            ),
            'count(ALERTS{alertstate="firing", severity="page"}) or 0 * count(ALERTS)',
            "infra-city",
        ),
    )


def _count(title: Text, about: Text, expr: str, board: str) -> Stat:
    return Stat(title, about, Query(expr, title), NUMBER, ANY, board=board)


def _where() -> Row:
    return Row(Text("Where", "Ở đâu"), (_map(), _firing()))


def _map() -> Map:
    def points(kinds: str) -> str:
        placed = (
            f"on (site) group_left (name, pop, kind, latitude, longitude) ({_POINTS} and on (site) {kinds})"
        )
        return f"sort(site:probes_lost:ratio_rate5m * {placed})"

    return Map(
        Text("Loss by place", "Mất gói theo vị trí"),
        Text(
            "Lines: circuits. Discs: PoPs and data centres. Dots: wards and departments. The worst is on "
            "top. A site without coordinates in the inventory stands at its PoP.",
            "Đường: kênh truyền. Vòng lớn: điểm kết nối và trung tâm dữ liệu. Chấm nhỏ: phường, xã, sở. Điểm "
            "kém nhất nằm trên cùng. Địa điểm chưa có tọa độ được đặt tại điểm kết nối của nó.",
        ),
        Lines(
            f'label_replace({_POINTS}, "id", "$1", "site", "(.+)")',
            f"sort(circuit:probes_lost:ratio_rate5m * {_BY_ENDS})",
            Text("circuits", "kênh truyền"),
        ),
        (
            Layer(
                points(f'site:place:info{{kind=~"{_LARGE}", pop=~"$pop"}}'),
                Text("PoPs and data centres", "điểm kết nối và trung tâm"),
                8,
            ),
            Layer(
                points(f'site:place:info{{kind!~"{_LARGE}", pop=~"$pop"}}'),
                Text("wards and departments", "phường, xã, sở"),
                5,
            ),
        ),
        RATIO,
        LOST,
    )


def _firing() -> Table:
    return Table(
        Text("What fires", "Cảnh báo đang phát"),
        Text(
            "Alerts of the whole city and for how long, pages first; what a larger one explains is here "
            "too. What to do is in the runbook of that name. A site's name is a link.",
            "Cảnh báo toàn thành phố và thời gian đã phát, mức khẩn trước; gồm cả cảnh báo do sự cố lớn hơn "
            "gây ra. Cách xử lý ở tài liệu cùng tên. Bấm tên địa điểm để xem chi tiết.",
        ),
        {
            "severity": SEVERITY,
            "alertname": Text("Alert", "Cảnh báo"),
            "site": SITE,
            "about": OBJECT,
        },
        (Column(_FIRING, Text("For", "Từ"), SECONDS),),
        by=SEVERITY,
        width=12,
        height=16,
        empty=Text("nothing fires", "không có cảnh báo"),
    )


def _lists() -> Row:
    return Row(
        Text("Worst first", "Kém nhất trước"),
        (
            Table(
                Text("Sites", "Địa điểm"),
                Text(
                    "Loss and median round trip to each site in the last five minutes. A site's name is a "
                    "link.",
                    "Mất gói và trung vị trễ khứ hồi tới từng địa điểm trong năm phút qua. Bấm tên để xem "
                    "chi tiết.",
                ),
                {"site": SITE, "name": NAME, "pop": POP},
                (
                    Column(
                        f"site:probes_lost:ratio_rate5m * {NAMED}",
                        LOSS,
                        RATIO,
                        LOST,
                    ),
                    Column(
                        f"site:rtt_seconds:p50_rate5m * {NAMED}",
                        ROUND_TRIP,
                        SECONDS,
                    ),
                ),
                width=12,
                height=14,
            ),
            Table(
                Text("Circuits", "Kênh truyền"),
                Text(
                    "Loss, jitter and what is left of a month's availability. A circuit's name is a link.",
                    "Mất gói, biến động trễ và phần còn lại của mức khả dụng trong tháng. Bấm tên để xem chi "
                    "tiết.",
                ),
                {"circuit": CIRCUIT, "provider": PROVIDER},
                tuple(
                    Column(
                        f'{metric} * on (circuit) group_left (provider) circuit:place:info{{pop=~"$pop"}}',
                        title,
                        unit,
                        steps,
                    )
                    for metric, title, unit, steps in (
                        ("circuit:probes_lost:ratio_rate5m", LOSS, RATIO, LOST),
                        ("circuit:jitter_seconds:max", JITTER, SECONDS, ()),
                        ("circuit:budget_left:ratio", Text("Budget left", "Mức còn lại"), RATIO, BUDGET),
                    )
                ),
                width=12,
                height=14,
            ),
        ),
    )


def _over_time() -> Row:
    return Row(
        Text("Over time", "Theo thời gian"),
        (
            Graph(
                Text("Sites that answer, by PoP", "Tỷ lệ địa điểm trả lời theo điểm kết nối"),
                Text(
                    "Share of a PoP's sites to which at most half of a minute's probes are lost.",
                    "Tỷ lệ địa điểm của mỗi điểm kết nối mất không quá nửa gói dò trong một phút.",
                ),
                (
                    Query(
                        "avg by (pop) ((site:probes_lost:ratio_rate1m <= bool 0.5) "
                        '* on (site) group_left (pop) site:place:info{pop=~"$pop"})',
                        "{{pop}}",
                    ),
                ),
                RATIO,
            ),
            Graph(
                Text("Loss by PoP", "Mất gói theo điểm kết nối"),
                Text(
                    "Mean of the loss to a PoP's sites, all families and classes.",
                    "Trung bình tỷ lệ mất gói tới các địa điểm của mỗi điểm kết nối, mọi giao thức và lớp.",
                ),
                (Query(f"avg by (pop) {_PLACED}", "{{pop}}"),),
                RATIO,
                LOST,
            ),
        ),
    )
