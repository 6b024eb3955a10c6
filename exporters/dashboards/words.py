"""Words, units and states that several boards use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from exporters.dashboards.model import States, Steps, Text, Variable

RATIO, SECONDS, NUMBER, SHARE_OF_TIME = "percentunit", "s", "none", "percentunit"
DAYS, BYTES, BITS, ESTIMATE = "d", "bytes", "bps", "none"
OCTETS = "suffix:B"
"""Of a packet, counted out: 1500 B, and no 1.46 KiB."""
RED, ORANGE, GREEN, BLUE, GREY = "red", "orange", "green", "blue", "gray"
TIMES = "suffix:x"
MOST = 10
"""Lines of a graph that can be told apart: of more, the worst are shown."""
DAY, MILLISECONDS = 86400, 1000
LONG_AGO = 20 * 365 * DAY
"""Seconds: what never was is as old as Unix."""

SITE = Text("Site", "Địa điểm")
POP = Text("PoP", "Điểm kết nối")
CIRCUIT = Text("Circuit", "Kênh truyền")
ROOM = Text("Room", "Phòng họp")
HOST = Text("Host", "Máy chủ")
SYSTEM = Text("System", "Hệ thống")
NAME = Text("Name", "Tên")
LAW = Text("Law", "Quy định")
OWNER = Text("Owner", "Đơn vị quản lý")
PROVIDER = Text("Provider", "Nhà cung cấp")
CLASS = Text("Class", "Loại kênh")
LEVEL = Text("Level", "Cấp độ")
DIRECTION = Text("Direction", "Chiều")
LOSS = Text("Loss", "Mất gói")
ROUND_TRIP = Text("Round trip", "Trễ khứ hồi")
JITTER = Text("Jitter", "Biến động trễ")
LIMIT = Text("limit", "giới hạn")
OBJECT = Text("Object", "Đối tượng")
EFFECT = Text("Effect", "Tác dụng")
KIND = Text("Kind", "Loại")
SEVERITY = Text("Severity", "Mức")

LOST: Steps = ((0.01, ORANGE), (0.05, RED))
"""Of packets; a circuit's own limit is in its contract and drawn beside it."""
ANY: Steps = ((1, RED),)
"""One is too many."""
BUDGET: Steps = ((float("-inf"), RED), (0, ORANGE), (0.25, GREEN))
ANSWERS: States = MappingProxyType(
    {0: (Text("down", "không trả lời"), RED), 1: (Text("up", "hoạt động"), GREEN)}
)
YES_NO: States = MappingProxyType({0: (Text("no", "không"), RED), 1: (Text("yes", "có"), GREEN)})
IN_CALL: States = MappingProxyType(
    {0: (Text("free", "rảnh"), GREY), 1: (Text("in a call", "đang họp"), BLUE)}
)
STAGES: States = MappingProxyType(
    {
        0: (Text("none", "chưa"), RED),
        1: (Text("planned", "đã lập kế hoạch"), ORANGE),
        2: (Text("addressed", "đã cấp địa chỉ"), ORANGE),
        3: (Text("routed", "đã định tuyến"), "yellow"),
        4: (Text("dual", "song song"), GREEN),
        5: (Text("preferred", "ưu tiên IPv6"), GREEN),
        6: (Text("v6only", "chỉ IPv6"), BLUE),
    }
)
"""As `infra_ipv6_stage` counts them."""

NAMED = 'on (site) group_left (name, pop) max by (site, name, pop) (infra_site_info{pop=~"$pop"})'
"""What is measured of a site is multiplied with, for tables of sites: what people call it, and its PoP."""

AT_POP = Variable("pop", POP, "site:place:info")
AT_SITE = Variable("site", SITE, 'site:place:info{pop=~"$pop"}', many=False)
OVER_CIRCUIT = Variable("circuit", CIRCUIT, 'circuit:place:info{pop=~"$pop"}')
IN_ROOM = Variable("room", ROOM, 'room:place:info{pop=~"$pop"}')
OF_SYSTEM = Variable("system", SYSTEM, "system:level:info")

MEANT: Mapping[Text, States] = MappingProxyType(
    {SEVERITY: {"page": (Text("page", "khẩn"), RED), "ticket": (Text("ticket", "thường"), ORANGE)}}
)
"""Labels whose values are words of ours."""

LINKS: Mapping[Text, tuple[str, str]] = MappingProxyType(
    {
        SITE: ("infra-site", "site"),
        CIRCUIT: ("infra-circuit", "circuit"),
        SYSTEM: ("infra-datacentre", "system"),
        POP: ("infra-city", "pop"),
        ROOM: ("infra-video", "room"),
    }
)
"""From a cell of a table to the board of what it names: uid, and the variable that is set there."""
