"""The city at a glance: what has lost service, where, and what is about to."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Layer, Map, Query, Row, Stat, Table, Text
from exporters.dashboards.words import (
    ANY,
    AT_POP,
    BUDGET,
    CIRCUIT,
    JITTER,
    KIND,
    LOSS,
    LOST,
    NUMBER,
    OWNER,
    POP,
    PROVIDER,
    RATIO,
    ROUND_TRIP,
    SECONDS,
    SITE,
)
from infra_ctl.inventory.monitoring import Thresholds

AT = 'and on (site) site:place:info{pop=~"$pop"}'
OF = 'and on (circuit) circuit:place:info{pop=~"$pop"}'
_POPS = 'max by (pop, latitude, longitude) (infra_site_info{kind="pop", latitude!="", pop=~"$pop"})'
_SITES = 'max by (site, name, latitude, longitude) (infra_site_info{latitude!=""})'
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
        (_now(), _where(), _lists()),
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
                f"count(site:probes_lost:ratio_rate1m > 0.5 {AT}) or vector(0)",
            ),
            _count(
                Text("Circuits that are down", "Kênh truyền bị đứt"),
                Text(
                    "Circuits that lose more than half of a minute's probes: unavailable by the contract.",
                    "Số kênh mất quá nửa gói dò trong một phút: không khả dụng theo hợp đồng.",
                ),
                f"count(circuit:unavailable:bool == 1 {OF}) or vector(0)",
            ),
            _count(
                Text("Systems that fail", "Hệ thống bị lỗi"),
                Text(
                    "Information systems of which a probe fails, over IPv4 or IPv6.",
                    "Số hệ thống thông tin có phép thử không đạt, qua IPv4 hoặc IPv6.",
                ),
                "count(system:probes_failed:ratio > 0) or vector(0)",
            ),
            _count(
                Text("Rooms that do not answer", "Phòng họp không trả lời"),
                Text(
                    "Video rooms without a SIP response and without an open H.323 port.",
                    "Số phòng họp trực tuyến không có phản hồi SIP và không mở cổng H.323.",
                ),
                'count(max by (room) (infra_room_up) == 0 and on (room) room:place:info{pop=~"$pop"}) '
                "or vector(0)",
            ),
            _count(
                Text("Devices that cannot be read", "Thiết bị không đọc được"),
                Text(
                    "Routers that the last sweep of the state exporter could not read.",
                    "Số bộ định tuyến mà lần quét gần nhất không đọc được.",
                ),
                "count(max by (device) (infra_device_up) == 0 "
                'and on (device) device:place:info{pop=~"$pop"}) or vector(0)',
            ),
            _count(
                Text("Pages", "Cảnh báo khẩn"),
                Text(
                    "Alerts of severity page that fire now, whole city; Alertmanager may silence some of "
                    "them.",
                    "Số cảnh báo mức khẩn đang phát, toàn thành phố; Alertmanager có thể đã nén bớt.",
                ),
                'count(ALERTS{alertstate="firing", severity="page"}) or vector(0)',
            ),
        ),
    )


def _count(title: Text, about: Text, expr: str) -> Stat:
    return Stat(title, about, Query(expr, title), NUMBER, ANY)


def _where() -> Row:
    return Row(
        Text("Where", "Ở đâu"),
        (
            _map(),
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


def _map() -> Map:
    return Map(
        Text("Loss by place", "Mất gói theo vị trí"),
        Text(
            "Rings: a PoP's worst circuit. Discs: a PoP's sites on average. Dots: single sites. "
            "A site without coordinates in the inventory stands at its PoP.",
            "Vòng lớn: kênh kém nhất của điểm kết nối. Vòng vừa: trung bình các địa điểm. Chấm nhỏ: "
            "từng địa điểm. Địa điểm chưa có tọa độ trong kho dữ liệu được đặt tại điểm kết nối của "
            "nó.",
        ),
        (
            Layer(
                "max by (pop) (circuit:probes_lost:ratio_rate5m "
                "* on (circuit) group_left (pop) circuit:place:info)"
                f" * on (pop) group_left (latitude, longitude) {_POPS}",
                Text("circuits", "kênh truyền"),
                16,
                ("pop",),
            ),
            Layer(
                f"avg by (pop) {_PLACED} * on (pop) group_left (latitude, longitude) {_POPS}",
                Text("PoPs", "điểm kết nối"),
                10,
                ("pop",),
            ),
            Layer(
                f"{_PLACED} * on (site) group_left (name, latitude, longitude) {_SITES} or on (site) "
                f"{_PLACED} * on (pop) group_left (latitude, longitude) {_POPS}",
                Text("sites", "địa điểm"),
                4,
                ("site", "pop"),
            ),
        ),
        RATIO,
        LOST,
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
                {"site": SITE, "pop": POP, "kind": KIND, "owner": OWNER},
                (
                    Column(
                        "site:probes_lost:ratio_rate5m * on (site) group_left (pop, kind, owner) "
                        'site:place:info{pop=~"$pop"}',
                        LOSS,
                        RATIO,
                        LOST,
                    ),
                    Column(
                        "site:rtt_seconds:p50_rate5m * on (site) group_left (pop, kind, owner) "
                        'site:place:info{pop=~"$pop"}',
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
