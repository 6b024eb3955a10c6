"""Whether every room could begin a conference now, and if not, why."""

from __future__ import annotations

from exporters.dashboards.model import Board, Column, Graph, Query, Row, Stat, Table, Text, Timeline
from exporters.dashboards.words import (
    ANSWERS,
    AT_POP,
    DAY,
    ESTIMATE,
    GREEN,
    IN_CALL,
    IN_ROOM,
    LOST,
    MOST,
    NUMBER,
    ORANGE,
    POP,
    RATIO,
    RED,
    ROOM,
    SECONDS,
    SITE,
    YES_NO,
)
from infra_ctl.inventory.monitoring import Thresholds

CHOSEN = '{room=~"$room"}'
_IN = 'and on (room) room:place:info{pop=~"$pop", room=~"$room"}'
_PLACED = 'on (room) group_left (site, pop) room:place:info{pop=~"$pop", room=~"$room"}'
_UP = f"max by (room) (infra_room_up{CHOSEN})"
_BANDS = 20
_LEAST = f"bottomk({_BANDS}, min by (room) (avg_over_time(infra_room_up{CHOSEN}[$__range] @ end())))"
_READY = f"avg(({_UP} {_IN}) * on (room) (max by (room) (infra_room_registered{CHOSEN}) or on (room) {_UP}))"
"""A room that speaks H.323 registers nowhere that we ask."""
_MOS = ((float("-inf"), RED), (3.1, ORANGE), (3.6, GREEN))
"""Many are dissatisfied below R 70, nearly all below R 60 (ITU-T G.107, annex B)."""


def video(limits: Thresholds) -> Board:
    """Whether all rooms are ready for a conference, and what their paths are like."""
    certificate = ((float("-inf"), RED), (limits.certificate / DAY, GREEN))
    return Board(
        "infra-video",
        Text("Video conference", "Hội nghị trực tuyến"),
        Text(
            "Whether every room could begin a conference now. `infra-ctl video ready` asks all of it anew "
            "before one.",
            "Mọi phòng họp có sẵn sàng ngay bây giờ không. Trước cuộc họp, chạy `infra-ctl video ready` để "
            "hỏi lại.",
        ),
        (_now(), _rooms(certificate), _answers(), _media(), _registrars(certificate)),
        (AT_POP, IN_ROOM),
        "now-3h",
    )


def _now() -> Row:
    ready = ((float("-inf"), RED), (0.95, ORANGE), (1, GREEN))
    return Row(
        Text("Now", "Hiện tại"),
        (
            Stat(
                Text("Rooms that are ready", "Phòng họp sẵn sàng"),
                Text(
                    "Share of rooms that answer and, where they speak SIP, are registered.",
                    "Tỷ lệ phòng họp trả lời và, nếu dùng SIP, đã đăng ký.",
                ),
                Query(_READY, Text("ready", "sẵn sàng")),
                RATIO,
                ready,
                width=6,
            ),
            Stat(
                Text("In a call", "Đang họp"),
                Text("Rooms that say so.", "Số phòng báo đang trong cuộc gọi."),
                Query(
                    f"sum(max by (room) (infra_room_in_call{CHOSEN}) {_IN})", Text("in a call", "đang họp")
                ),
                NUMBER,
                width=6,
            ),
            Stat(
                Text("Registrars", "Máy chủ đăng ký"),
                Text(
                    "The share that answers, each by any transport.",
                    "Tỷ lệ máy chủ đăng ký trả lời, qua bất kỳ giao vận nào.",
                ),
                Query("avg(max by (registrar) (infra_registrar_up))", Text("up", "hoạt động")),
                RATIO,
                ready,
                width=6,
            ),
            Stat(
                Text("Lowest media estimate", "Ước lượng media thấp nhất"),
                Text(
                    "Mean opinion score of the worst room's media path: an estimate by the E-model, of its "
                    "loss and delay in the video class.",
                    "Điểm ý kiến trung bình của phòng kém nhất: ước lượng theo mô hình E từ mất gói và độ "
                    "trễ của lớp hội nghị.",
                ),
                Query(f"min(infra_room_media_mos_estimate{CHOSEN} {_IN})", "MOS"),
                ESTIMATE,
                _MOS,
                width=6,
            ),
        ),
    )


def _rooms(certificate: tuple[tuple[float, str], ...]) -> Row:
    def column(metric: str, title: Text, **more: object) -> Column:
        return Column(f"max by (room) ({metric}{CHOSEN}) * {_PLACED}", title, **more)  # type: ignore[arg-type]

    return Row(
        Text("Readiness of all rooms", "Sự sẵn sàng của mọi phòng"),
        (
            Table(
                Text("Rooms", "Phòng họp"),
                Text(
                    "The lowest media estimate first. Without a value: it was not asked, or not answered; a "
                    "room that speaks H.323 has no registration, no certificate and no SIP status.",
                    "Ước lượng media thấp nhất trước. Ô trống: không hỏi hoặc không được trả lời; phòng "
                    "H.323 không có đăng ký, chứng thư và mã SIP.",
                ),
                {"room": ROOM, "site": SITE, "pop": POP},
                (
                    column(
                        "infra_room_media_mos_estimate",
                        Text("Media (MOS)", "Media (MOS)"),
                        unit=ESTIMATE,
                        steps=_MOS,
                    ),
                    column("infra_room_up", Text("Answers", "Trả lời"), unit=NUMBER, states=ANSWERS),
                    column(
                        "infra_room_registered", Text("Registered", "Đã đăng ký"), unit=NUMBER, states=YES_NO
                    ),
                    column("infra_room_sip_status", Text("SIP status", "Mã SIP"), unit=NUMBER),
                    column("infra_room_in_call", Text("Call", "Cuộc gọi"), unit=NUMBER, states=IN_CALL),
                    Column(
                        "(max by (room) (infra_room_certificate_expiry_timestamp_seconds"
                        f"{CHOSEN}) - time()) / {DAY} * {_PLACED}",
                        Text("Certificate", "Chứng thư"),
                        "d",
                        certificate,
                    ),
                    Column(
                        "(max by (room) (infra_room_binding_expiry_timestamp_seconds"
                        f"{CHOSEN}) - time()) * {_PLACED}",
                        Text("Registration ends", "Đăng ký hết hạn sau"),
                        SECONDS,
                        ((float("-inf"), RED), (0, GREEN)),
                    ),
                ),
                is_lowest_worst=True,
                height=16,
            ),
        ),
    )


def _answers() -> Row:
    unanswered = (
        'sum by (transport) (rate(infra_room_options_unanswered_total{room=~"$room"}[$__rate_interval]))'
    )
    sent = 'sum by (transport) (rate(infra_room_options_sent_total{room=~"$room"}[$__rate_interval]))'
    return Row(
        Text("Answers", "Trả lời"),
        (
            Timeline(
                Text("Rooms that answer", "Phòng họp trả lời"),
                Text(
                    f"Any final SIP response, or an open H.323 port: the {_BANDS} rooms that answered least "
                    "in the time shown.",
                    f"Có phản hồi SIP cuối cùng, hoặc cổng H.323 mở: {_BANDS} phòng ít trả lời nhất trong "
                    "thời gian đang xem.",
                ),
                Query(f"{_UP} {_IN} and on (room) {_LEAST}", "{{room}}", "30s"),
                ANSWERS,
            ),
            Graph(
                Text("OPTIONS without an answer", "OPTIONS không được trả lời"),
                Text("Share of those that were sent.", "Tỷ lệ trên số đã gửi."),
                (Query(f"{unanswered} / {sent}", "{{transport}}", "30s"),),
                RATIO,
                LOST,
                width=6,
            ),
            Graph(
                Text("Time to answer", "Thời gian trả lời"),
                Text(
                    "From OPTIONS to the final response, 95th percentile.",
                    "Từ OPTIONS đến phản hồi cuối cùng, bách phân vị 95.",
                ),
                (
                    Query(
                        "histogram_quantile(0.95, sum by (transport, le) "
                        '(rate(infra_room_options_seconds_bucket{room=~"$room"}[$__rate_interval])))',
                        "{{transport}}",
                        "30s",
                    ),
                ),
                SECONDS,
                width=6,
            ),
        ),
    )


def _media() -> Row:
    return Row(
        Text("Media path", "Đường truyền media"),
        (
            Graph(
                Text("Rating (estimate)", "Điểm R (ước lượng)"),
                Text(
                    "R of the E-model for voice, 0 to 93.2, of the path in the room's class: an estimate. "
                    f"The {MOST} lowest; ≥: what a class of room is to have, by monitoring.yaml.",
                    "R của mô hình E cho thoại, 0 đến 93,2, theo lớp của phòng: chỉ là ước lượng. "
                    f"{MOST} phòng thấp nhất; ≥: mức tối thiểu của lớp phòng, theo monitoring.yaml.",
                ),
                (
                    Query(
                        f"bottomk({MOST}, infra_room_media_rating_estimate{CHOSEN} {_IN})", "{{room}}", "30s"
                    ),
                    Query("max by (video_class) (video_class:media_rating_limit:min)", "≥ {{video_class}}"),
                ),
                ESTIMATE,
            ),
            Graph(
                Text("Loss in the video class", "Mất gói của lớp hội nghị"),
                Text(
                    f"To the rooms' sites, in the video class's own queue: the {MOST} worst.",
                    "Tới địa điểm của các phòng, trong hàng đợi riêng của lớp hội nghị: "
                    f"{MOST} nơi kém nhất.",
                ),
                (
                    Query(
                        f'topk({MOST}, site_queue:probes_lost:ratio_rate5m{{class="video"}} '
                        'and on (site) room:place:info{pop=~"$pop", room=~"$room"})',
                        "{{site}}",
                    ),
                ),
                RATIO,
                LOST,
            ),
        ),
    )


def _registrars(certificate: tuple[tuple[float, str], ...]) -> Row:
    return Row(
        Text("Registrars", "Máy chủ đăng ký"),
        (
            Timeline(
                Text("Registrars that answer", "Máy chủ đăng ký trả lời"),
                Text("By transport.", "Theo giao vận."),
                Query(
                    "max by (registrar, transport) (infra_registrar_up)", "{{registrar}} {{transport}}", "30s"
                ),
                ANSWERS,
                width=8,
            ),
            Graph(
                Text("Rooms that are registered", "Số phòng đã đăng ký"),
                Text(
                    "Rooms that a registrar knows the place of.",
                    "Số phòng mà máy chủ đăng ký biết vị trí.",
                ),
                (Query("max by (registrar) (infra_registrar_bindings)", "{{registrar}}", "30s"),),
                NUMBER,
                width=8,
            ),
            Graph(
                Text("Registrars' certificates", "Chứng thư máy chủ đăng ký"),
                Text("Days that are left of them.", "Số ngày còn lại."),
                (
                    Query(
                        "(min by (registrar) (infra_registrar_certificate_expiry_timestamp_seconds) - "
                        "time()) "
                        f"/ {DAY}",
                        "{{registrar}}",
                        "30s",
                    ),
                ),
                "d",
                certificate,
                width=8,
            ),
        ),
    )
