"""What law and contracts ask for: what monitoring measures of it, and what audits have found."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Query, Row, Stat, Steps, Table, Text
from exporters.dashboards.words import (
    ANY,
    CIRCUIT,
    CLASS,
    DIRECTION,
    EFFECT,
    GREEN,
    LAW,
    LEVEL,
    LONG_AGO,
    NAME,
    NUMBER,
    OBJECT,
    ORANGE,
    PROVIDER,
    RATIO,
    RED,
    SECONDS,
)
from infra_ctl.inventory.monitoring import Thresholds


def compliance(limits: Thresholds) -> Board:
    """What was promised and what is kept of it, what audits have found, drift and holds."""
    return Board(
        "infra-compliance",
        Text("Compliance", "Tuân thủ"),
        Text(
            "What law and contracts ask for: what audits have found, and what monitoring measures: load of "
            "circuits, availability, certificates, backups, drift, holds.",
            "Những yêu cầu của pháp luật và hợp đồng: kết quả kiểm tra theo quy định, và những gì giám sát "
            "đo được: tải kênh, mức khả dụng, chứng thư, sao lưu, sai lệch, tạm giữ.",
        ),
        (_now(limits), _audits(), _kept(limits), _drift(limits), _holds()),
        since="now-7d",
    )


def _now(limits: Thresholds) -> Row:
    return Row(
        Text("Now", "Hiện tại"),
        (
            _share(
                Text("Circuits that keep their promise", "Kênh đạt cam kết"),
                Text(
                    "Share of circuits whose availability of 30 days is what their contract promises.",
                    "Tỷ lệ kênh có mức khả dụng 30 ngày đạt hợp đồng.",
                ),
                "avg(circuit:budget_left:ratio >= bool 0)",
            ),
            _share(
                Text("Systems that keep their promise", "Hệ thống đạt cam kết"),
                Text(
                    "Share of information systems whose availability of 30 days is what their level "
                    "promises.",
                    "Tỷ lệ hệ thống thông tin có mức khả dụng 30 ngày đạt theo cấp độ.",
                ),
                "avg(min by (system) (system:budget_left:ratio) >= bool 0)",
            ),
            _share(
                Text("Circuits within the national limit", "Kênh trong mức tải quy định"),
                Text(
                    "Share of circuits and directions whose 95th percentile of 7 days is within the limit "
                    "(Circular 06/2026, 5.6).",
                    "Tỷ lệ kênh và chiều có bách phân vị 95 trong 7 ngày không vượt mức (Thông tư 06/2026, "
                    "5.6).",
                ),
                f"avg(max by (circuit, direction) (circuit:traffic_load:ratio_p95_7d) <= bool "
                f"{limits.load:g})",
            ),
            _count(
                Text("Certificates that end soon", "Chứng thư sắp hết hạn"),
                Text(
                    "Of systems, rooms and registrars, within the days that the inventory says.",
                    "Của hệ thống, phòng họp và máy chủ đăng ký, trong số ngày mà kho dữ liệu quy định.",
                ),
                _ending(limits.certificate),
            ),
            _count(
                Text("Kinds whose backup is old", "Loại có sao lưu quá cũ"),
                Text(
                    "Devices and hosts: whether the oldest backup of each is older than allowed.",
                    "Thiết bị và máy chủ: bản sao lưu cũ nhất có quá hạn cho phép không.",
                ),
                "sum(time() - max by (object_kind) (infra_backup_last_timestamp_seconds) "
                f"> bool {limits.backup})",
            ),
            _count(
                Text("Holds that are over", "Tạm giữ quá hạn"),
                Text(
                    "Objects that are still held after the last day of their hold.",
                    "Số đối tượng vẫn bị giữ sau ngày cuối.",
                ),
                "sum(max by (object, effect) (infra_hold_until_timestamp_seconds) < bool time()) or "
                "0 * sum(infra_holds)",
            ),
        ),
    )


def _ending(left: int) -> str:
    """How many certificates have fewer seconds left."""
    expiries = (
        "min by (system, instance) (probe_ssl_earliest_cert_expiry)",
        "min by (room) (infra_room_certificate_expiry_timestamp_seconds)",
        "min by (registrar) (infra_registrar_certificate_expiry_timestamp_seconds)",
    )
    return f"sum({' or '.join(f'({expiry} - time() < bool {left})' for expiry in expiries)})"


def _share(title: Text, about: Text, expr: str) -> Stat:
    return Stat(title, about, Query(expr, title), RATIO, ((float("-inf"), RED), (1, GREEN)))


def _count(title: Text, about: Text, expr: str) -> Stat:
    return Stat(title, about, Query(expr, title), NUMBER, ANY)


def _audits() -> Row:
    never = Text("no audit yet", "chưa kiểm tra")
    return Row(
        Text("Audits", "Kiểm tra tuân thủ"),
        (
            Table(
                Text("Findings by law", "Kết quả theo quy định"),
                Text(
                    "Controls on objects, by the last audit of each: what does not hold, what could not be "
                    "judged for want of evidence, what is waived, and what holds.",
                    "Số lượt tiêu chí trên đối tượng, theo lần kiểm tra gần nhất: không đạt, không đánh giá "
                    "được do thiếu bằng chứng, được miễn trừ, và đạt.",
                ),
                {"law": LAW},
                (
                    _found("fail", Text("Failed", "Không đạt"), ANY),
                    _found("error", Text("Not judged", "Không đánh giá được"), ((1, ORANGE),)),
                    _found("waived", Text("Waived", "Được miễn trừ")),
                    _found("pass", Text("Passed", "Đạt")),
                ),
                width=14,
                height=8,
                empty=never,
            ),
            Table(
                Text("Audits that run by themselves", "Kiểm tra theo lịch"),
                Text(
                    "How late the next one is, negative where its time is still to come, and how long ago "
                    "one last came to its end.",
                    "Lần tiếp theo đã chậm bao lâu, âm nếu chưa đến hạn, và thời gian từ lần hoàn thành gần "
                    "nhất.",
                ),
                {"name": NAME},
                (
                    Column(
                        "time() - max by (name) (infra_audit_next_timestamp_seconds)",
                        Text("Late", "Chậm"),
                        SECONDS,
                        ((0, ORANGE), (7200, RED)),
                        empty=Text("audits.yaml has none", "không có trong audits.yaml"),
                    ),
                    Column(
                        "time() - max by (name) (infra_audit_timestamp_seconds)",
                        Text("Last", "Gần nhất"),
                        SECONDS,
                        empty=never,
                    ),
                ),
                width=10,
                height=8,
            ),
        ),
    )


def _found(outcome: str, title: Text, steps: Steps = ()) -> Column:
    return Column(f'max by (law) (infra_audit_findings{{outcome="{outcome}"}})', title, NUMBER, steps)


def _kept(limits: Thresholds) -> Row:
    full: Steps = ((limits.load, RED),)
    placed = "on (circuit) group_left (provider, circuit_class) circuit:place:info"
    return Row(
        Text("Promised and kept", "Cam kết và thực tế"),
        (
            Table(
                Text("Load by the national rule", "Tải theo quy định quốc gia"),
                Text(
                    "95th percentile of 7 days of 5-minute samples, each way, by capacity; and how many "
                    "samples there are: a whole week has 2016.",
                    "Bách phân vị 95 của mẫu 5 phút trong 7 ngày, từng chiều, trên dung lượng; và số mẫu đã "
                    "có: đủ một tuần là 2016.",
                ),
                {"circuit": CIRCUIT, "direction": DIRECTION, "provider": PROVIDER, "circuit_class": CLASS},
                (
                    Column(
                        f"max by (circuit, direction) (circuit:traffic_load:ratio_p95_7d) * {placed}",
                        Text("Load", "Tải"),
                        RATIO,
                        full,
                    ),
                    Column(
                        f"min by (circuit, direction) (circuit:traffic_samples:count7d) * {placed}",
                        Text("Samples", "Số mẫu"),
                        NUMBER,
                    ),
                ),
                width=14,
                height=12,
            ),
            Table(
                Text("Availability by level", "Mức khả dụng theo cấp độ"),
                Text(
                    "Mean availability of the systems of a level in 30 days.",
                    "Mức khả dụng trung bình 30 ngày của các hệ thống cùng cấp độ.",
                ),
                {"level": LEVEL},
                (
                    Column(
                        "avg by (level) ((1 - system:probes_failed:ratio_avg30d) "
                        "* on (system) group_left (level) system:level:info)",
                        Text("Available", "Khả dụng"),
                        RATIO,
                    ),
                    Column(
                        "max by (level) (level:availability_objective:ratio) "
                        "and on (level) system:level:info",
                        Text("Promised", "Cam kết"),
                        RATIO,
                    ),
                ),
                is_lowest_worst=True,
                width=10,
                height=12,
            ),
        ),
    )


def _drift(limits: Thresholds) -> Row:
    return Row(
        Text("Drift", "Sai lệch cấu hình"),
        (
            Stat(
                Text("Changed by hand", "Bị sửa ngoài quy trình"),
                Text(
                    "Devices and hosts that are not as they were left, by the last look at each.",
                    "Số thiết bị và máy chủ khác với trạng thái đã triển khai, theo lần kiểm tra gần nhất.",
                ),
                Query("max(infra_drift_objects)", Text("objects", "đối tượng")),
                NUMBER,
                ANY,
                width=12,
                empty=Text("nobody has looked", "chưa kiểm tra"),
            ),
            Stat(
                Text("Age of the oldest look", "Tuổi của lần kiểm tra cũ nhất"),
                Text(
                    "Since the device or host was last looked at whose last look is the oldest.",
                    "Từ lần kiểm tra gần nhất của thiết bị hoặc máy chủ lâu nhất chưa được kiểm tra.",
                ),
                Query("time() - min(infra_drift_read_timestamp_seconds)", Text("age", "tuổi")),
                SECONDS,
                ((limits.backup, RED),),
                width=12,
                beyond=(LONG_AGO, Text("never looked at", "chưa từng kiểm tra"), RED),
            ),
        ),
    )


def _holds() -> Row:
    return Row(
        Text("Holds", "Tạm giữ"),
        (
            Table(
                Text("Objects that are held", "Đối tượng đang bị giữ"),
                Text(
                    "What procedures have taken out of service, and for how long still; negative where it is "
                    "over.",
                    "Những gì quy trình đã đưa ra khỏi dịch vụ, và còn bao lâu; âm nếu đã quá hạn.",
                ),
                {"object": OBJECT, "effect": EFFECT},
                (
                    Column(
                        "max by (object, effect) (infra_hold_until_timestamp_seconds) - time()",
                        Text("Left", "Còn lại"),
                        SECONDS,
                        ((float("-inf"), RED), (0, GREEN)),
                    ),
                ),
                is_lowest_worst=True,
                width=14,
                height=8,
                empty=Text("nothing is held", "không có gì bị giữ"),
            ),
            Stat(
                Text("Held, by effect", "Số đang giữ theo tác dụng"),
                Text("Objects that are held.", "Số đối tượng đang bị giữ."),
                Query("max by (effect) (infra_holds)", "{{effect}}", "30s"),
                NUMBER,
                ((1, "orange"),),
                width=10,
                height=8,
            ),
        ),
    )
