"""What the controller does, and whether monitoring itself works."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Query, Row, Stat, Table, Text, Timeline
from exporters.dashboards.words import ANSWERS, ANY, BYTES, KIND, NUMBER, SECONDS, YES_NO
from infra_ctl.inventory.monitoring import Thresholds

_NO_RUN = Text("no run yet", "chưa chạy")


def runs(_: Thresholds) -> Board:
    return Board(
        "infra-runs",
        Text("Deploy runs", "Các lần triển khai"),
        Text(
            "What the controller does: runs, waves, failures, leases; and whether monitoring itself works.",
            "Bộ điều khiển đang làm gì: lần chạy, đợt, lỗi, khóa; và bản thân hệ giám sát có hoạt động "
            "không.",
        ),
        (_now(), _over_time(), _kinds(), _itself(), _probing()),
        since="now-7d",
    )


def _now() -> Row:
    return Row(
        Text("Now", "Hiện tại"),
        (
            Stat(
                Text("Runs under way", "Đang chạy"),
                Text("Runs that have begun and not ended.", "Số lần chạy đã bắt đầu và chưa kết thúc."),
                Query("max(infra_runs_active)", Text("runs", "lần chạy"), "30s"),
                NUMBER,
            ),
            Stat(
                Text("Failed in a day", "Lỗi trong ngày"),
                Text(
                    "Runs that failed, were stopped or were killed in 24 hours.",
                    "Số lần chạy lỗi, bị dừng hoặc bị ngắt trong 24 giờ.",
                ),
                Query("sum(increase(infra_runs_failed_total[1d]))", Text("runs", "lần chạy"), "30s"),
                NUMBER,
                ANY,
            ),
            Stat(
                Text("Held by runs", "Đang bị khóa"),
                Text(
                    "Devices and hosts that runs under way are at.",
                    "Thiết bị và máy chủ mà lần chạy đang giữ.",
                ),
                Query("max(infra_leases_held)", Text("leases", "khóa"), "30s"),
                NUMBER,
            ),
            Stat(
                Text("Newest run", "Lần chạy mới nhất"),
                Text("How long ago the newest ended.", "Kết thúc cách đây bao lâu."),
                Query("time() - max(infra_run_last_end_timestamp_seconds)", Text("ended", "kết thúc"), "30s"),
                SECONDS,
                empty=_NO_RUN,
            ),
            Stat(
                Text("Journal", "Nhật ký"),
                Text(
                    "Whether the controller's journal can be read; without it there is nothing about runs.",
                    "Có đọc được nhật ký của bộ điều khiển không; nếu không thì không có gì về các lần chạy.",
                ),
                Query("min(infra_journal_up)", Text("journal", "nhật ký"), "30s"),
                NUMBER,
                states=ANSWERS,
            ),
            Stat(
                Text("Waves in a day", "Số đợt trong ngày"),
                Text("Waves in which something was begun.", "Số đợt có việc được bắt đầu."),
                Query("sum(increase(infra_waves_total[1d]))", Text("waves", "đợt"), "30s"),
                NUMBER,
            ),
        ),
    )


def _over_time() -> Row:
    return Row(
        Text("Runs", "Lần chạy"),
        (
            Graph(
                Text("Runs per hour", "Số lần chạy mỗi giờ"),
                Text("By kind.", "Theo loại."),
                (Query("sum by (kind) (increase(infra_runs_total[1h]))", "{{kind}}", "30s"),),
                NUMBER,
                width=8,
            ),
            Graph(
                Text("Failures per hour", "Số lần lỗi mỗi giờ"),
                Text("By kind: failed, stopped or killed.", "Theo loại: lỗi, bị dừng hoặc bị ngắt."),
                (Query("sum by (kind) (increase(infra_runs_failed_total[1h]))", "{{kind}}", "30s"),),
                NUMBER,
                ANY,
                width=8,
            ),
            Graph(
                Text("Steps of the newest run", "Các bước của lần chạy mới nhất"),
                Text("Devices and hosts by the state of each.", "Thiết bị và máy chủ theo trạng thái."),
                (Query("max by (state) (infra_run_steps)", "{{state}}", "30s"),),
                NUMBER,
                width=8,
            ),
        ),
    )


def _kinds() -> Row:
    return Row(
        Text("By kind", "Theo loại"),
        (
            Table(
                Text("Runs by kind", "Lần chạy theo loại"),
                Text(
                    "In the time shown: runs, failures, and how long ago the newest of a kind ended.",
                    "Trong thời gian đang xem: số lần chạy, số lần lỗi, và lần mới nhất kết thúc cách đây "
                    "bao lâu.",
                ),
                {"kind": KIND},
                (
                    Column(
                        "sum by (kind) (increase(infra_runs_total[$__range]))",
                        Text("Runs", "Lần chạy"),
                        NUMBER,
                    ),
                    Column(
                        "sum by (kind) (increase(infra_runs_failed_total[$__range]))",
                        Text("Failed", "Lỗi"),
                        NUMBER,
                        ANY,
                    ),
                    Column(
                        "time() - max by (kind) (infra_run_last_end_timestamp_seconds)",
                        Text("Newest ended", "Lần mới nhất"),
                        SECONDS,
                        empty=_NO_RUN,
                    ),
                ),
                height=8,
            ),
        ),
    )


def _itself() -> Row:
    return Row(
        Text("Monitoring itself", "Bản thân hệ giám sát"),
        (
            Timeline(
                Text("Exporters' inventory", "Kho dữ liệu của bộ thu"),
                Text(
                    "Whether the last reading of the inventory succeeded; where not, the one before goes on.",
                    "Lần đọc kho dữ liệu gần nhất có thành công không; nếu không, bản trước vẫn được dùng.",
                ),
                Query(
                    "min by (exporter) (infra_exporter_config_last_reload_successful)", "{{exporter}}", "30s"
                ),
                YES_NO,
                width=8,
            ),
            Graph(
                Text("Requests that were refused", "Yêu cầu bị từ chối"),
                Text("A second, by exporter.", "Mỗi giây, theo bộ thu."),
                (
                    Query(
                        "sum by (exporter) (rate(infra_exporter_rejected_requests_total[$__rate_interval]))",
                        "{{exporter}}",
                        "30s",
                    ),
                ),
                "reqps",
                width=8,
            ),
            Graph(
                Text("Age of what is told of devices", "Tuổi của thông tin thiết bị"),
                Text(
                    "Of the device that was read longest ago.",
                    "Của thiết bị được đọc lâu nhất trước đây.",
                ),
                (
                    Query(
                        "time() - min(max by (device) (infra_device_read_timestamp_seconds) > 0)",
                        Text("oldest", "lâu nhất"),
                        "1m",
                    ),
                ),
                SECONDS,
                width=8,
            ),
        ),
    )


def _probing() -> Row:
    return Row(
        Text("Probing", "Dò"),
        (
            Graph(
                Text("Lateness of the probing loop", "Độ trễ của vòng dò"),
                Text(
                    "99th percentile: what is late is measured late, not wrongly.",
                    "Bách phân vị 99: gửi trễ thì đo trễ, không đo sai.",
                ),
                (
                    Query(
                        "histogram_quantile(0.99, sum by (le) "
                        "(rate(infra_path_lateness_seconds_bucket[$__rate_interval])))",
                        "p99",
                    ),
                ),
                SECONDS,
                width=8,
            ),
            Graph(
                Text("Exporters' memory", "Bộ nhớ của bộ thu"),
                Text("Resident.", "Bộ nhớ thường trú."),
                (
                    Query(
                        'max by (job) (process_resident_memory_bytes{job=~"path|video|state|controller"})',
                        "{{job}}",
                        "30s",
                    ),
                ),
                BYTES,
                width=8,
            ),
            Graph(
                Text("What is probed", "Số mục tiêu dò"),
                Text("Each family and class for itself.", "Tính riêng từng giao thức và lớp."),
                (Query("max(infra_path_targets)", Text("targets", "mục tiêu")),),
                NUMBER,
                width=8,
            ),
        ),
    )
