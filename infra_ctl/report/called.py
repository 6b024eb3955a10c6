"""What reports call the kinds, classes and stages of an inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from infra_ctl.inventory.kinds import CircuitClass, SiteKind, Stage
from infra_ctl.inventory.recorded import Deed
from infra_ctl.report.document import Coded, Tone, words


def _coded(code: str, vi: str, en: str, tone: Tone = "") -> Coded:
    return Coded(code, words(vi, en), tone)


SITE_KINDS: Mapping[SiteKind, Coded] = {
    SiteKind.DC: _coded("dc", "trung tâm dữ liệu", "data centre"),
    SiteKind.DC_BACKUP: _coded("dc-backup", "trung tâm dữ liệu dự phòng", "backup data centre"),
    SiteKind.POP: _coded("pop", "điểm kết nối", "point of presence"),
    SiteKind.DEPARTMENT: _coded("department", "trụ sở cơ quan", "department"),
    SiteKind.COMMUNE: _coded("commune", "trụ sở cấp xã", "commune"),
}
ROLES: Mapping[Literal["edge", "core", "backup", "pop", "ce"], Coded] = {
    "edge": _coded("edge", "định tuyến biên", "edge"),
    "core": _coded("core", "định tuyến lõi", "core"),
    "backup": _coded("backup", "định tuyến trung tâm dự phòng", "backup site"),
    "pop": _coded("pop", "định tuyến điểm kết nối", "point of presence"),
    "ce": _coded("ce", "định tuyến đầu cuối", "customer edge"),
}
CIRCUIT_CLASSES: Mapping[CircuitClass, Coded] = {
    CircuitClass.TSLCD_1: _coded("tslcd-1", "TSLCD cấp I", "private network, level I"),
    CircuitClass.TSLCD_2: _coded("tslcd-2", "TSLCD cấp II", "private network, level II"),
    CircuitClass.LEASED: _coded("leased", "kênh thuê riêng", "leased line"),
    CircuitClass.INTERNET_VPN: _coded("internet-vpn", "VPN qua Internet", "VPN over the Internet"),
}
DIRECTIONS: Mapping[str, Coded] = {
    "north": _coded("north", "bắc", "north"),
    "south": _coded("south", "nam", "south"),
    "east": _coded("east", "đông", "east"),
    "west": _coded("west", "tây", "west"),
}
"""Of those that are called so; a city may call its own otherwise."""
STAGES: Mapping[Stage, Coded] = {
    Stage.NONE: _coded("none", "chưa có", "none", "bad"),
    Stage.PLANNED: _coded("planned", "đã quy hoạch", "planned", "warn"),
    Stage.ADDRESSED: _coded("addressed", "đã đánh địa chỉ", "addressed", "warn"),
    Stage.ROUTED: _coded("routed", "đã định tuyến", "routed", "warn"),
    Stage.DUAL: _coded("dual", "song song IPv4, IPv6", "dual", "good"),
    Stage.PREFERRED: _coded("preferred", "ưu tiên IPv6", "preferred", "good"),
    Stage.V6ONLY: _coded("v6only", "chỉ dùng IPv6", "IPv6 only", "good"),
}
APPROVALS: Mapping[Literal["none", "draft", "sent", "appraised", "approved"], Coded] = {
    "none": _coded("none", "chưa lập hồ sơ", "none", "bad"),
    "draft": _coded("draft", "đang lập hồ sơ", "being drafted", "warn"),
    "sent": _coded("sent", "đã trình", "sent", "warn"),
    "appraised": _coded("appraised", "đã thẩm định", "appraised", "warn"),
    "approved": _coded("approved", "đã phê duyệt", "approved", "good"),
}
DEEDS: Mapping[Deed, Coded] = {
    "account-review": _coded("account-review", "rà soát tài khoản", "account review"),
    "ddos-protection": _coded(
        "ddos-protection", "chống tấn công từ chối dịch vụ", "protection against floods"
    ),
    "diagram": _coded("diagram", "cập nhật sơ đồ mạng", "network diagram"),
    "drill": _coded("drill", "diễn tập ứng cứu sự cố", "incident drill"),
    "log-review": _coded("log-review", "rà soát nhật ký", "log review"),
    "regulation": _coded("regulation", "ban hành quy chế", "regulation"),
    "restore-test": _coded("restore-test", "thử khôi phục dữ liệu", "restore test"),
    "scan": _coded("scan", "dò quét lỗ hổng", "vulnerability scan"),
    "search": _coded("search", "rà tìm thiết bị lạ", "search for unknown devices"),
    "spare-plan": _coded("spare-plan", "phương án thiết bị dự phòng", "plan for failed devices"),
    "watch": _coded("watch", "phân công trực 24/7", "round-the-clock watch"),
    "wireless-review": _coded("wireless-review", "rà soát mạng không dây", "review of wireless networks"),
    "yearly-report": _coded("yearly-report", "báo cáo an toàn thông tin hằng năm", "yearly security report"),
}
