"""What runs in the data centres, whether people reach it, and whether it could be restored."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Query, Row, Stat, Steps, Table, Text, Timeline
from exporters.dashboards.words import (
    ANSWERS,
    ANY,
    BUDGET,
    DAY,
    DAYS,
    GREEN,
    HOST,
    LEVEL,
    LONG_AGO,
    MOST,
    NUMBER,
    OF_SYSTEM,
    RATIO,
    RED,
    SECONDS,
    SITE,
    SYSTEM,
)
from infra_ctl.inventory.monitoring import Thresholds

_CENTRE = 'on (site) group_left (kind) site:place:info{kind=~"dc|dc-backup"}'
_LAST = "max by (object_kind) (infra_backup_last_timestamp_seconds)"
_NEVER = Text("never backed up", "chưa từng sao lưu")
_FULL: Steps = ((0.8, "orange"), (0.9, RED))


def datacentres(limits: Thresholds) -> Board:
    return Board(
        "infra-datacentre",
        Text("Data centres and backup", "Trung tâm dữ liệu và sao lưu"),
        Text(
            "What runs in both data centres, whether people reach it, and whether it could be restored.",
            "Những gì chạy ở hai trung tâm dữ liệu, người dùng có tới được không, có khôi phục được không.",
        ),
        (_now(limits), _reach(), _systems(), _certificates(limits), _hosts(), _backups(limits)),
        (OF_SYSTEM,),
        "now-24h",
    )


def _now(limits: Thresholds) -> Row:
    return Row(
        Text("Now", "Hiện tại"),
        (
            Stat(
                Text("Systems that fail", "Hệ thống bị lỗi"),
                Text(
                    "Information systems of which a probe fails, over IPv4 or IPv6.",
                    "Số hệ thống thông tin có phép thử không đạt, qua IPv4 hoặc IPv6.",
                ),
                Query("sum(system:probes_failed:ratio > bool 0)", Text("systems", "hệ thống")),
                NUMBER,
                ANY,
                width=6,
            ),
            Stat(
                Text("Hosts that do not answer", "Máy chủ không trả lời"),
                Text(
                    "Whose node exporter cannot be scraped.", "Số máy chủ không đọc được qua node exporter."
                ),
                Query('sum(max by (host) (up{job="node"}) == bool 0)', Text("hosts", "máy chủ")),
                NUMBER,
                ANY,
                width=6,
            ),
            Stat(
                Text("Next certificate", "Chứng thư gần nhất"),
                Text(
                    "Days until the first of the systems' ends.",
                    "Số ngày đến khi chứng thư đầu tiên hết hạn.",
                ),
                Query(
                    f'(min(probe_ssl_earliest_cert_expiry{{system!=""}}) - time()) / {DAY}',
                    Text("ends", "hết hạn"),
                    "30s",
                ),
                DAYS,
                ((float("-inf"), RED), (limits.certificate / DAY, GREEN)),
                width=6,
            ),
            Stat(
                Text("Oldest backup", "Bản sao lưu cũ nhất"),
                Text(
                    "Of the device or host whose last backup is the oldest.",
                    "Của thiết bị hoặc máy chủ có bản sao lưu cũ nhất.",
                ),
                Query(f"time() - {_LAST}", "{{object_kind}}", "30s"),
                SECONDS,
                ((limits.backup, RED),),
                width=6,
                beyond=(LONG_AGO, _NEVER, RED),
            ),
        ),
    )


def _reach() -> Row:
    return Row(
        Text("The two sites", "Hai trung tâm"),
        (
            Graph(
                Text("Loss to the data centres", "Mất gói tới các trung tâm"),
                Text(
                    "From where monitoring stands, all families and classes.",
                    "Tính từ nơi đặt giám sát, mọi giao thức và lớp.",
                ),
                (Query(f"site:probes_lost:ratio_rate5m * {_CENTRE}", "{{site}}"),),
                RATIO,
                ((0.01, RED),),
                height=6,
            ),
            Timeline(
                Text("Routers of the data centres", "Bộ định tuyến của các trung tâm"),
                Text("Whether the last sweep could read them.", "Lần quét gần nhất có đọc được không."),
                Query(
                    "max by (device) (infra_device_up) * on (device) group_left () "
                    'device:place:info{role=~"core|edge|backup"}',
                    "{{device}}",
                    "1m",
                ),
                ANSWERS,
                height=6,
            ),
        ),
    )


def _systems() -> Row:
    levelled = 'on (system) group_left (level) system:level:info{system=~"$system"}'
    return Row(
        Text("Information systems", "Hệ thống thông tin"),
        (
            Table(
                Text("Availability of 30 days", "Mức khả dụng 30 ngày"),
                Text(
                    "By the probes of both families; what its level promises, and the share of the allowed "
                    "failures that is left.",
                    "Theo phép thử qua cả hai giao thức; mức cam kết theo cấp độ, và phần lỗi cho phép còn "
                    "lại.",
                ),
                {"system": SYSTEM, "level": LEVEL},
                (
                    Column(
                        f"min by (system) (system:budget_left:ratio) * {levelled}",
                        Text("Budget left", "Mức còn lại"),
                        RATIO,
                        BUDGET,
                    ),
                    Column(
                        f"min by (system) (1 - system:probes_failed:ratio_avg30d) * {levelled}",
                        Text("Available", "Khả dụng"),
                        RATIO,
                    ),
                    Column(
                        f"system:availability_objective:ratio * {levelled}",
                        Text("Promised", "Cam kết"),
                        RATIO,
                    ),
                ),
                is_lowest_worst=True,
                width=12,
            ),
            Graph(
                Text("Failing probes by family", "Phép thử lỗi theo giao thức"),
                Text(
                    "Share of a system's probes that fail.",
                    "Tỷ lệ phép thử không đạt của từng hệ thống.",
                ),
                (
                    Query(
                        'system_family:probes_failed:ratio{system=~"$system"}', "{{system}} {{family}}", "30s"
                    ),
                ),
                RATIO,
                height=10,
            ),
        ),
    )


def _certificates(limits: Thresholds) -> Row:
    return Row(
        Text("Certificates", "Chứng thư"),
        (
            Table(
                Text("Certificates of systems", "Chứng thư của các hệ thống"),
                Text("Days that are left, the fewest first.", "Số ngày còn lại, ít nhất trước."),
                {"system": SYSTEM, "instance": Text("Address", "Địa chỉ")},
                (
                    Column(
                        '(min by (system, instance) (probe_ssl_earliest_cert_expiry{system!="", '
                        f'system=~"$system"}}) - time()) / {DAY}',
                        Text("Left", "Còn lại"),
                        "d",
                        ((float("-inf"), RED), (limits.certificate / DAY, GREEN)),
                    ),
                ),
                is_lowest_worst=True,
                height=8,
            ),
        ),
    )


def _hosts() -> Row:
    return Row(
        Text("Hosts", "Máy chủ"),
        (
            Timeline(
                Text("Hosts that answer", "Máy chủ trả lời"),
                Text("Their node exporter, once a minute.", "Theo node exporter, mỗi phút."),
                Query('max by (host) (up{job="node"})', "{{host}}", "1m"),
                ANSWERS,
            ),
            Table(
                Text("Fullest file systems", "Phân vùng đầy nhất"),
                Text("Used share of each.", "Tỷ lệ đã dùng."),
                {"host": HOST, "site": SITE, "mountpoint": Text("Mount point", "Điểm gắn")},
                (
                    Column(
                        "topk(20, max by (host, site, mountpoint) "
                        '(1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay"} '
                        '/ (node_filesystem_size_bytes{fstype!~"tmpfs|ramfs|overlay"} > 0)))',
                        Text("Used", "Đã dùng"),
                        RATIO,
                        _FULL,
                    ),
                ),
                width=12,
                height=8,
            ),
            *_busy(),
        ),
    )


def _busy() -> tuple[Graph, ...]:
    return (
        Graph(
            Text("Processor", "Bộ xử lý"),
            Text(
                f"Busy share of all processors of a host: the {MOST} busiest.",
                f"Tỷ lệ bận của mọi bộ xử lý trên máy chủ: {MOST} máy bận nhất.",
            ),
            (
                Query(
                    f"topk({MOST}, 1 - avg by (host) "
                    '(rate(node_cpu_seconds_total{job="node", mode="idle"}[$__rate_interval])))',
                    "{{host}}",
                    "1m",
                ),
            ),
            RATIO,
            _FULL,
        ),
        Graph(
            Text("Memory", "Bộ nhớ"),
            Text(
                f"Share that is not available to programs: the {MOST} fullest.",
                f"Tỷ lệ bộ nhớ không còn khả dụng cho chương trình: {MOST} máy đầy nhất.",
            ),
            (
                Query(
                    f'topk({MOST}, max by (host) (1 - node_memory_MemAvailable_bytes{{job="node"}} '
                    '/ node_memory_MemTotal_bytes{job="node"}))',
                    "{{host}}",
                    "1m",
                ),
            ),
            RATIO,
            _FULL,
        ),
    )


def _backups(limits: Thresholds) -> Row:
    old: Steps = ((limits.backup, RED),)
    return Row(
        Text("Backup", "Sao lưu"),
        (
            Graph(
                Text("Age of the oldest backup", "Tuổi của bản sao lưu cũ nhất"),
                Text(
                    "It falls with each backup and rises in between; above the line some object was left "
                    "out.",
                    "Giảm sau mỗi lần sao lưu và tăng dần giữa các lần; vượt đường kẻ là có đối tượng bị bỏ "
                    "sót.",
                ),
                (Query(f"time() - ({_LAST} > 0)", "{{object_kind}}", "30s"),),
                SECONDS,
                old,
                width=24,
                empty=_NEVER,
            ),
        ),
    )
