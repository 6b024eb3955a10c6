"""One site: how it is reached, over which circuits, what its routers know, and its rooms."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Query, Row, Stat, Table, Text, Timeline
from exporters.dashboards.words import (
    ANSWERS,
    AT_POP,
    AT_SITE,
    CIRCUIT,
    JITTER,
    LOSS,
    LOST,
    NUMBER,
    OCTETS,
    PROVIDER,
    RATIO,
    ROUND_TRIP,
    SECONDS,
    STAGES,
)
from infra_ctl.inventory.monitoring import Thresholds

OF_SITE = 'on (circuit) group_left (provider) circuit:place:info{site="$site"}'
_DEVICES = 'on (device) group_left () device:place:info{site="$site"}'


def site(limits: Thresholds) -> Board:
    return Board(
        "infra-site",
        Text("Site", "Địa điểm"),
        Text(
            "One site: how it is reached, over which circuits, what its routers know, its rooms.",
            "Một địa điểm: đường tới, kênh truyền, định tuyến, phòng họp.",
        ),
        (_now(), _quality(), _directions(), _circuits(limits), _routing(), _devices()),
        (AT_POP, AT_SITE),
    )


def _now() -> Row:
    return Row(
        Text("Now", "Hiện tại"),
        (
            Stat(
                LOSS,
                Text(
                    "Of the last five minutes' probes to the site, all families and classes.",
                    "Tỷ lệ gói dò tới địa điểm bị mất trong năm phút qua, mọi giao thức và lớp.",
                ),
                Query('site:probes_lost:ratio_rate5m{site="$site"}', "{{site}}"),
                RATIO,
                LOST,
            ),
            Stat(
                ROUND_TRIP,
                Text("Median of five minutes.", "Trung vị trong năm phút."),
                Query('site:rtt_seconds:p50_rate5m{site="$site"}', "{{site}}"),
                SECONDS,
            ),
            Stat(
                Text("IPv6 stage", "Giai đoạn IPv6"),
                Text("As the inventory says.", "Theo kho dữ liệu."),
                Query('max by (site) (infra_ipv6_stage{site="$site"})', "{{site}}"),
                NUMBER,
                states=STAGES,
            ),
            Stat(
                Text("Circuits that work", "Kênh hoạt động"),
                Text(
                    "Share of the site's circuits that are available.",
                    "Tỷ lệ kênh truyền của địa điểm đang khả dụng.",
                ),
                Query(
                    '1 - avg(circuit:unavailable:bool and on (circuit) circuit:place:info{site="$site"})',
                    CIRCUIT,
                ),
                RATIO,
                ((float("-inf"), "red"), (0.5, "orange"), (1, "green")),
            ),
            *_more_now(),
        ),
    )


def _more_now() -> tuple[Stat, ...]:
    return (
        Stat(
            Text("Path MTU, smallest", "MTU nhỏ nhất"),
            Text(
                "The largest packet that reaches the site whole, over the family for which it is "
                "smaller; 0 while none does.",
                "Gói lớn nhất tới nguyên vẹn, theo giao thức có giá trị nhỏ hơn; 0 khi không gói nào tới.",
            ),
            Query('min by (site) (infra_site_path_mtu_bytes{site="$site"})', "{{site}}"),
            OCTETS,
            ((float("-inf"), "red"), (1280, "green")),
        ),
        Stat(
            Text("Rooms that answer", "Phòng họp trả lời"),
            Text(
                "Share of the site's video rooms.",
                "Tỷ lệ phòng họp trực tuyến tại địa điểm có trả lời.",
            ),
            Query(
                'avg(max by (room) (infra_room_up) and on (room) room:place:info{site="$site"})',
                Text("rooms", "phòng"),
                "30s",
            ),
            RATIO,
            ((float("-inf"), "red"), (1, "green")),
            empty=Text("no room", "không có phòng"),
            board="infra-video",
        ),
    )


def _quality() -> Row:
    return Row(
        Text("Quality", "Chất lượng"),
        (
            Graph(
                Text("Loss by family", "Mất gói theo giao thức"),
                Text("IPv4 and IPv6 are to lose alike.", "IPv4 và IPv6 phải mất gói như nhau."),
                (Query('site_family:probes_lost:ratio_rate5m{site="$site"}', "{{family}}"),),
                RATIO,
                LOST,
            ),
            Graph(
                Text("Loss by class", "Mất gói theo lớp"),
                Text(
                    "Video has a queue of its own: it is to lose nothing while the rest is full.",
                    "Lớp hội nghị có hàng đợi riêng: không được mất gói khi các lớp khác đầy.",
                ),
                (Query('site_queue:probes_lost:ratio_rate5m{site="$site"}', "{{class}}"),),
                RATIO,
                LOST,
            ),
            Graph(
                Text("Round trip over time", "Trễ khứ hồi theo thời gian"),
                Text(
                    "Median and 95th percentile; interpolated within buckets that double.",
                    "Trung vị và bách phân vị 95; nội suy trong các khoảng nhân đôi.",
                ),
                (
                    Query('site:rtt_seconds:p50_rate5m{site="$site"}', "p50 {{site}}"),
                    Query('site:rtt_seconds:p95_rate5m{site="$site"}', "p95 {{site}}"),
                    Query('site_family:rtt_seconds:p50_rate5m{site="$site"}', "p50 {{family}}"),
                ),
                SECONDS,
            ),
            Graph(
                JITTER,
                Text(
                    "Smoothed difference of successive round trips (RFC 3550), the worst of the families.",
                    "Biến động của trễ khứ hồi liên tiếp (RFC 3550), theo giao thức kém hơn.",
                ),
                (Query('max by (class) (infra_site_jitter_seconds{site="$site"})', "{{class}}"),),
                SECONDS,
            ),
        ),
    )


def _directions() -> Row:
    """What STAMP tells and an echo cannot."""
    lost = 'sum by (class) (rate(infra_site_stamp_{way}_lost_total{{site="$site"}}[$__rate_interval]))'
    sent = 'sum by (class) (rate(infra_site_stamp_sent_total{site="$site"}[$__rate_interval]))'
    return Row(
        Text("Directions, by STAMP", "Theo chiều, bằng STAMP"),
        (
            Graph(
                Text("Loss by direction", "Mất gói theo chiều"),
                Text(
                    "To the site and back from it, all classes.",
                    "Chiều tới địa điểm và chiều về, mọi lớp.",
                ),
                (
                    Query('site:stamp_forward_lost:ratio_rate5m{site="$site"}', "→ {{site}}"),
                    Query('site:stamp_backward_lost:ratio_rate5m{site="$site"}', "← {{site}}"),
                ),
                RATIO,
                LOST,
                width=8,
            ),
            Graph(
                Text("Loss by direction and class", "Mất gói theo chiều và lớp"),
                Text(
                    "A full queue loses its own class only, and one way only.",
                    "Hàng đợi đầy chỉ làm mất gói của lớp đó và theo một chiều.",
                ),
                (
                    Query(f"{lost.format(way='forward')} / {sent}", "→ {{class}}"),
                    Query(f"{lost.format(way='backward')} / {sent}", "← {{class}}"),
                ),
                RATIO,
                LOST,
                width=8,
            ),
            Graph(
                Text("Round trip by class", "Trễ khứ hồi theo lớp"),
                Text(
                    "95th percentile without the reflector's own time.",
                    "Bách phân vị 95, không tính thời gian xử lý của bên phản hồi.",
                ),
                (
                    Query(
                        "histogram_quantile(0.95, sum by (class, le) "
                        '(rate(infra_site_stamp_rtt_seconds_bucket{site="$site"}[$__rate_interval])))',
                        "{{class}}",
                    ),
                ),
                SECONDS,
                width=8,
            ),
        ),
    )


def _circuits(limits: Thresholds) -> Row:
    return Row(
        Text("Circuits", "Kênh truyền"),
        (
            Table(
                Text("The site's circuits", "Các kênh của địa điểm"),
                Text(
                    "Loss, 95th percentile of the round trip, jitter, and load of the fuller direction.",
                    "Mất gói, bách phân vị 95 của trễ khứ hồi, biến động trễ, tải của chiều cao hơn.",
                ),
                {"circuit": CIRCUIT, "provider": PROVIDER},
                (
                    Column(f"circuit:probes_lost:ratio_rate5m * {OF_SITE}", LOSS, RATIO, LOST),
                    Column(f"circuit:rtt_seconds:p95_rate5m * {OF_SITE}", ROUND_TRIP, SECONDS),
                    Column(f"circuit:jitter_seconds:max * {OF_SITE}", JITTER, SECONDS),
                    Column(
                        f"max by (circuit) (circuit:traffic_load:ratio_rate5m) * {OF_SITE}",
                        Text("Load", "Tải"),
                        RATIO,
                        ((limits.load, "red"),),
                    ),
                ),
                width=12,
                height=8,
            ),
            Graph(
                Text("Load", "Tải"),
                Text(
                    "Traffic by capacity, each way, in samples of five minutes; the line is the national "
                    "limit.",
                    "Lưu lượng trên dung lượng, từng chiều, mẫu năm phút; đường kẻ là mức quy định.",
                ),
                (
                    Query(
                        'circuit:traffic_load:ratio_rate5m and on (circuit) circuit:place:info{site="$site"}',
                        "{{circuit}} {{direction}}",
                    ),
                ),
                RATIO,
                ((limits.load, "red"),),
            ),
        ),
    )


def _routing() -> Row:
    return Row(
        Text("Routing", "Định tuyến"),
        (
            Timeline(
                Text("Neighbours", "Láng giềng"),
                Text(
                    "Every neighbour that the inventory expects of the site's routers.",
                    "Mọi láng giềng mà kho dữ liệu quy định cho các bộ định tuyến tại đây.",
                ),
                Query(
                    f"max by (device, protocol, neighbour) (infra_adjacency_up) * {_DEVICES}",
                    "{{device}} {{protocol}} {{neighbour}}",
                    "1m",
                ),
                ANSWERS,
            ),
            Graph(
                Text("Neighbours that nobody means", "Láng giềng không được quy định"),
                Text(
                    "Neighbours that are up and not in the inventory.",
                    "Láng giềng đang hoạt động nhưng không có trong kho dữ liệu.",
                ),
                (
                    Query(
                        f"sum by (device, protocol) (infra_adjacencies_unexpected) * {_DEVICES}",
                        "{{device}} {{protocol}}",
                        "1m",
                    ),
                ),
                NUMBER,
                ((1, "red"),),
            ),
        ),
    )


def _devices() -> Row:
    return Row(
        Text("Devices", "Thiết bị"),
        (
            Timeline(
                Text("Devices that could be read", "Thiết bị đọc được"),
                Text(
                    "By the state exporter's sweeps, once a minute.",
                    "Theo lần quét mỗi phút của bộ thu trạng thái.",
                ),
                Query(f"max by (device) (infra_device_up) * {_DEVICES}", "{{device}}", "1m"),
                ANSWERS,
            ),
            Graph(
                Text("Prefixes against intent", "Tuyến so với quy định"),
                Text(
                    "Prefixes that are missing, and that nobody means.",
                    "Số tuyến thiếu và số tuyến không được quy định.",
                ),
                (
                    Query(
                        f"max by (device, family) (infra_prefixes_missing) * {_DEVICES}",
                        Text("missing {{device}} {{family}}", "thiếu {{device}} {{family}}"),
                        "1m",
                    ),
                    Query(
                        f"max by (device, family) (infra_prefixes_unexpected) * {_DEVICES}",
                        Text("unexpected {{device}} {{family}}", "thừa {{device}} {{family}}"),
                        "1m",
                    ),
                ),
                NUMBER,
                ((1, "red"),),
            ),
        ),
    )
