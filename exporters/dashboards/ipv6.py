"""How far the city has moved to IPv6, and whether it is as good as IPv4 where it is."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Query, Row, Stat, Table, Text
from exporters.dashboards.words import (
    AT_POP,
    GREEN,
    NAME,
    NAMED,
    NUMBER,
    OCTETS,
    POP,
    RATIO,
    SECONDS,
    SITE,
    STAGES,
)
from infra_ctl.inventory.monitoring import Thresholds

_AT = 'and on (site) site:place:info{pop=~"$pop"}'


def ipv6(limits: Thresholds) -> Board:
    return Board(
        "infra-ipv6",
        Text("IPv6 rollout", "Chuyển đổi IPv6"),
        Text(
            "How far each site has moved to IPv6, and whether it is as good as IPv4 where it is.",
            "Từng địa điểm đã chuyển sang IPv6 đến đâu, và IPv6 có tốt như IPv4 không.",
        ),
        (_progress(), _parity(limits), _sites(limits)),
        (AT_POP,),
        "now-7d",
    )


def _progress() -> Row:
    return Row(
        Text("Progress", "Tiến độ"),
        (
            Stat(
                Text("Sites with both families", "Địa điểm chạy song song"),
                Text(
                    "Share of sites whose stage is dual or beyond.",
                    "Tỷ lệ địa điểm ở giai đoạn song song trở lên.",
                ),
                Query("city:dual_stack_sites:ratio", Text("dual or beyond", "song song trở lên")),
                RATIO,
                ((float("-inf"), "orange"), (1, GREEN)),
                height=8,
            ),
            Graph(
                Text("Sites by stage", "Địa điểm theo giai đoạn"),
                Text(
                    "How many sites are at each stage, as the inventory says.",
                    "Số địa điểm ở từng giai đoạn, theo kho dữ liệu.",
                ),
                (Query("stage:sites:count", "{{stage}}", "30s"),),
                NUMBER,
                width=10,
                names={str(stage): text for stage, (text, _) in STAGES.items()},
            ),
            Graph(
                Text("Stage by PoP, mean", "Giai đoạn trung bình theo điểm kết nối"),
                Text(
                    "0 none, 1 planned, 2 addressed, 3 routed, 4 dual, 5 preferred, 6 v6only.",
                    "0 chưa, 1 đã lập kế hoạch, 2 đã cấp địa chỉ, 3 đã định tuyến, 4 song song, 5 ưu tiên, 6 "
                    "chỉ IPv6.",
                ),
                (
                    Query(
                        "avg by (pop) (max by (site) (infra_ipv6_stage) "
                        '* on (site) group_left (pop) site:place:info{pop=~"$pop"})',
                        "{{pop}}",
                        "30s",
                    ),
                ),
                NUMBER,
                width=10,
                decimals=1,
            ),
        ),
    )


def _parity(limits: Thresholds) -> Row:
    return Row(
        Text("As good as IPv4?", "Có tốt như IPv4?"),
        (
            Graph(
                Text("Sites whose families differ", "Địa điểm có hai giao thức khác nhau"),
                Text(
                    "How much more one family loses than the other; the line is where an alert is raised.",
                    "Một giao thức mất gói nhiều hơn giao thức kia bao nhiêu; đường kẻ là mức cảnh báo.",
                ),
                (Query(f"topk(10, site:families_apart:ratio {_AT})", "{{site}}", "30s"),),
                RATIO,
                ((limits.parity, "red"),),
            ),
            Graph(
                Text("Loss by family", "Mất gói theo giao thức"),
                Text("Mean of all sites.", "Trung bình mọi địa điểm."),
                (
                    Query(
                        f"avg by (family) (site_family:probes_lost:ratio_rate5m {_AT})", "{{family}}", "30s"
                    ),
                ),
                RATIO,
                ((0.01, "red"),),
            ),
            Graph(
                Text("Round trip by family", "Trễ khứ hồi theo giao thức"),
                Text("Mean of all sites' medians.", "Trung bình của trung vị mọi địa điểm."),
                (Query(f"avg by (family) (site_family:rtt_seconds:p50_rate5m {_AT})", "{{family}}", "30s"),),
                SECONDS,
            ),
            Graph(
                Text("Failing probes of systems by family", "Phép thử hệ thống lỗi theo giao thức"),
                Text("Mean of all systems.", "Trung bình mọi hệ thống."),
                (Query("avg by (family) (system_family:probes_failed:ratio)", "{{family}}", "30s"),),
                RATIO,
            ),
        ),
    )


def _sites(limits: Thresholds) -> Row:
    def of_family(metric: str) -> str:
        return f'min by (site) ({metric}{{family="ipv6"}}) * {NAMED}'

    return Row(
        Text("Sites", "Địa điểm"),
        (
            Table(
                Text("Every site", "Mọi địa điểm"),
                Text(
                    "The least advanced first. A site that is not yet routed in IPv6 has nothing to measure.",
                    "Chậm nhất trước. Địa điểm chưa định tuyến IPv6 thì chưa có gì để đo.",
                ),
                {"site": SITE, "name": NAME, "pop": POP},
                (
                    Column(
                        f"max by (site) (infra_ipv6_stage) * {NAMED}",
                        Text("Stage", "Giai đoạn"),
                        NUMBER,
                        states=STAGES,
                    ),
                    Column(
                        of_family("site_family:probes_lost:ratio_rate5m"),
                        Text("IPv6 loss", "Mất gói IPv6"),
                        RATIO,
                        ((0.01, "orange"), (0.05, "red")),
                    ),
                    Column(
                        f"site:families_apart:ratio * {NAMED}",
                        Text("Families apart", "Chênh lệch"),
                        RATIO,
                        ((limits.parity, "red"),),
                    ),
                    Column(
                        of_family("infra_site_path_mtu_bytes"),
                        Text("IPv6 path MTU", "MTU IPv6"),
                        OCTETS,
                        ((float("-inf"), "red"), (1280, "green")),
                    ),
                ),
                is_lowest_worst=True,
                width=16,
                height=14,
            ),
            _missing(),
        ),
    )


def _missing() -> Graph:
    return Graph(
        Text("IPv6 prefixes that are missing", "Tuyến IPv6 thiếu"),
        Text(
            "Of those that a PoP's routers are to know.",
            "Trong số tuyến mà bộ định tuyến phải biết, theo điểm kết nối.",
        ),
        (
            Query(
                'sum by (pop) (max by (device) (infra_prefixes_missing{family="ipv6"}) '
                '* on (device) group_left (pop) device:place:info{pop=~"$pop"})',
                "{{pop}}",
                "1m",
            ),
        ),
        NUMBER,
        ((1, "red"),),
        width=8,
        height=14,
    )
