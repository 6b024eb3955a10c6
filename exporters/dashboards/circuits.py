"""What is promised of a circuit, what it gives, and what is left of the promise."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Query, Row, Table, Text
from exporters.dashboards.words import (
    AT_POP,
    BITS,
    BUDGET,
    CIRCUIT,
    CLASS,
    JITTER,
    LOSS,
    LOST,
    MOST,
    OCTETS,
    OVER_CIRCUIT,
    PROVIDER,
    RATIO,
    SECONDS,
    TIMES,
)
from infra_ctl.inventory.monitoring import Thresholds

CHOSEN = '{circuit=~"$circuit"}'
_BURNT = (
    "circuit:unavailable:bool_avg{window}{chosen} / on (circuit) (1 - circuit:availability_objective:ratio)"
)
_LOSS = f"circuit:probes_lost:ratio_rate5m{CHOSEN}"
_DELAY = f"circuit:rtt_seconds:p95_rate5m{CHOSEN}"
_JITTER = f"circuit:jitter_seconds:max{CHOSEN}"
_TRAFFIC = f"circuit:traffic_bytes:rate5m{CHOSEN}"


def _worst(expr: str) -> str:
    return f"topk({MOST}, {expr})"


def _beside(expr: str, worst: str) -> str:
    """What belongs to the worst by another measure."""
    return f"{expr}{CHOSEN} and on (circuit) {_worst(worst)}"


def circuits(limits: Thresholds) -> Board:
    return Board(
        "infra-circuit",
        Text("Circuit SLO", "Cam kết kênh truyền"),
        Text(
            "What contracts promise of circuits, what these give, and what is left of a month's promise. "
            f"Graphs show the {MOST} worst of those that are chosen.",
            "Hợp đồng cam kết gì, kênh truyền đạt gì, và phần cam kết còn lại trong tháng. Biểu đồ hiển thị "
            f"{MOST} kênh kém nhất trong số đã chọn.",
        ),
        (_promises(), _availability(), _quality(), _parts(), _traffic(limits)),
        (AT_POP, OVER_CIRCUIT),
    )


def _promises() -> Row:
    placed = 'on (circuit) group_left (provider, circuit_class) circuit:place:info{circuit=~"$circuit"}'
    return Row(
        Text("Promised and kept", "Cam kết và thực tế"),
        (
            Table(
                Text("Availability of 30 days", "Mức khả dụng 30 ngày"),
                Text(
                    "What the contract of the circuit's class promises, what was measured, and the share of "
                    "the allowed outage that is left: below 0 the promise is broken. While there are not yet "
                    "30 days of data, of those that there are.",
                    "Mức hợp đồng cam kết theo loại kênh, mức đo được, và phần thời gian gián đoạn cho phép "
                    "còn lại: dưới 0 là vi phạm cam kết. Khi chưa đủ 30 ngày, tính trên số ngày đã có.",
                ),
                {"circuit": CIRCUIT, "provider": PROVIDER, "circuit_class": CLASS},
                (
                    Column(f"circuit:budget_left:ratio * {placed}", _LEFT, RATIO, BUDGET),
                    Column(
                        f"(1 - circuit:unavailable:bool_avg30d) * {placed}",
                        Text("Available", "Khả dụng"),
                        RATIO,
                    ),
                    Column(
                        f"circuit:availability_objective:ratio * {placed}",
                        Text("Promised", "Cam kết"),
                        RATIO,
                    ),
                ),
                is_lowest_worst=True,
            ),
        ),
    )


_LEFT = Text("Budget left", "Mức còn lại")


def _availability() -> Row:
    return Row(
        Text("Availability", "Khả dụng"),
        (
            Graph(
                _LEFT,
                Text(
                    "Share of a month's allowed outage that is left.",
                    "Phần thời gian gián đoạn cho phép trong tháng còn lại.",
                ),
                (Query(f"bottomk({MOST}, circuit:budget_left:ratio{CHOSEN})", "{{circuit}}", "2m"),),
                RATIO,
            ),
            Graph(
                Text("Burn rate", "Tốc độ tiêu hao"),
                Text(
                    "How many times faster than the contract allows outage is used up; 14.4 over an hour, or "
                    "6 over six, is an alert.",
                    "Thời gian gián đoạn bị dùng nhanh gấp mấy lần mức cho phép; 14,4 lần trong một giờ hoặc "
                    "6 lần trong sáu giờ thì có cảnh báo.",
                ),
                tuple(
                    Query(
                        _worst(_BURNT.format(window=window, chosen=CHOSEN)),
                        f"{window} {{{{circuit}}}}",
                        "30s",
                    )
                    for window in ("1h", "6h")
                ),
                TIMES,
                ((6, "orange"), (14.4, "red")),
                decimals=1,
            ),
        ),
    )


def _quality() -> Row:
    return Row(
        Text("Quality against the contract", "Chất lượng so với hợp đồng"),
        (
            Graph(
                LOSS,
                Text(
                    "All families and classes, over five minutes, and what the contract allows.",
                    "Mọi giao thức và lớp, trong năm phút, và mức hợp đồng cho phép.",
                ),
                (
                    Query(_worst(_LOSS), "{{circuit}}"),
                    Query(_beside("circuit:loss_limit:ratio", _LOSS), "{{circuit}}", is_limit=True),
                ),
                RATIO,
            ),
            Graph(
                Text("Round trip", "Trễ khứ hồi"),
                Text(
                    "95th percentile of five minutes, the median, and what the contract allows.",
                    "Bách phân vị 95 trong năm phút, trung vị, và mức hợp đồng cho phép.",
                ),
                (
                    Query(_worst(_DELAY), "p95 {{circuit}}"),
                    Query(_beside("circuit:rtt_seconds:p50_rate5m", _DELAY), "p50 {{circuit}}"),
                    Query(_beside("circuit:rtt_limit:seconds", _DELAY), "{{circuit}}", is_limit=True),
                ),
                SECONDS,
            ),
            Graph(
                JITTER,
                Text(
                    "The worst of families and classes, and what the contract allows.",
                    "Giá trị kém nhất trong các giao thức và lớp, và mức hợp đồng cho phép.",
                ),
                (
                    Query(_worst(_JITTER), "{{circuit}}"),
                    Query(_beside("circuit:jitter_limit:seconds", _JITTER), "{{circuit}}", is_limit=True),
                ),
                SECONDS,
            ),
            _path_mtu(),
        ),
    )


def _path_mtu() -> Graph:
    return Graph(
        Text("Path MTU", "MTU đường truyền"),
        Text(
            "The largest packet that crosses the circuit whole; 0 while none does.",
            "Gói lớn nhất qua kênh nguyên vẹn; 0 khi không gói nào qua.",
        ),
        (
            Query(
                f"bottomk({MOST}, max by (circuit, family) (infra_circuit_path_mtu_bytes{CHOSEN}))",
                "{{circuit}} {{family}}",
            ),
        ),
        OCTETS,
    )


def _parts() -> Row:
    return Row(
        Text("By class and family", "Theo lớp và giao thức"),
        (
            Graph(
                Text("Loss by class", "Mất gói theo lớp"),
                Text("The video class has a queue of its own.", "Lớp hội nghị có hàng đợi riêng."),
                (Query(_worst(f"circuit_queue:probes_lost:ratio_rate5m{CHOSEN}"), "{{circuit}} {{class}}"),),
                RATIO,
                LOST,
            ),
            Graph(
                Text("Loss by family", "Mất gói theo giao thức"),
                Text("IPv4 and IPv6 share the wire.", "IPv4 và IPv6 dùng chung đường truyền."),
                (
                    Query(
                        _worst(f"circuit_family:probes_lost:ratio_rate5m{CHOSEN}"), "{{circuit}} {{family}}"
                    ),
                ),
                RATIO,
                LOST,
            ),
        ),
    )


def _traffic(limits: Thresholds) -> Row:
    line = ((limits.load, "red"),)
    return Row(
        Text("Traffic", "Lưu lượng"),
        (
            Graph(
                Text("Traffic", "Lưu lượng"),
                Text("At the site's end, in samples of five minutes.", "Đo tại đầu địa điểm, mẫu năm phút."),
                (
                    Query(f"8 * {_worst(_TRAFFIC)}", "{{circuit}} {{direction}}", "5m"),
                    Query(
                        f"8 * ({_beside('circuit:capacity:bytes_per_second', _TRAFFIC)})",
                        "{{circuit}}",
                        is_limit=True,
                    ),
                ),
                BITS,
            ),
            Graph(
                Text("Load, 95th percentile of 7 days", "Tải, bách phân vị 95 trong 7 ngày"),
                Text(
                    "Of samples of five minutes, each way: at most 90 % by Circular 06/2026, 5.6. While "
                    "there are not yet seven days of data, of those that there are.",
                    "Theo mẫu năm phút, từng chiều: không quá 90 % theo Thông tư 06/2026, 5.6. Khi chưa đủ "
                    "bảy ngày, tính trên số ngày đã có.",
                ),
                (
                    Query(
                        _worst(f"circuit:traffic_load:ratio_p95_7d{CHOSEN}"),
                        "{{circuit}} {{direction}}",
                        "2m",
                    ),
                ),
                RATIO,
                line,
            ),
        ),
    )
