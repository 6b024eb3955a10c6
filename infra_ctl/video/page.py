"""The report of a pre-meeting test: one page of HTML that needs nothing beside it, and is good on paper."""

from __future__ import annotations

from collections.abc import Mapping

from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.kinds import Language
from infra_ctl.render import page
from infra_ctl.video.finding import Finding
from infra_ctl.video.judging import milliseconds, percent
from infra_ctl.video.path import Path
from infra_ctl.video.readiness import Readiness, Room

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Readiness of video rooms",
        "meeting": "Meeting",
        "begins": "Begins",
        "tested": "Tested",
        "total": "{ready} ready · {failed} not ready · {all} rooms",
        "registrars": "Registrars",
        "room": "Room",
        "site": "Site",
        "state": "State",
        "cause": "Cause",
        "estimate": "Media path (estimate)",
        "ready": "ready",
        "failed": "NOT READY",
        "also": "also: ",
        "note": "The estimate is the E-model's R (ITU-T G.107), of echoes in the class of video between the "
        "data centre and the site: of the path, not of any picture.",
    },
    "vi": {
        "title": "Kiểm tra sẵn sàng phòng họp trực tuyến",
        "meeting": "Cuộc họp",
        "begins": "Bắt đầu",
        "tested": "Kiểm tra lúc",
        "total": "{ready} sẵn sàng · {failed} chưa sẵn sàng · {all} phòng",
        "registrars": "Máy chủ đăng ký",
        "room": "Phòng họp",
        "site": "Địa điểm",
        "state": "Trạng thái",
        "cause": "Nguyên nhân",
        "estimate": "Đường truyền (ước tính)",
        "ready": "sẵn sàng",
        "failed": "CHƯA SẴN SÀNG",
        "also": "ngoài ra: ",
        "note": "Ước tính là hệ số R của mô hình E (ITU-T G.107), từ gói thử trong lớp video giữa trung tâm "
        "dữ liệu và địa điểm: của đường truyền, không phải của hình ảnh.",
    },
}


def html(readiness: Readiness, names: Mapping[str, str], language: Language) -> str:
    """`names` are the sites' own, by id."""
    rooms, words = readiness.rooms, WORDS[language]
    ready = sum(room.is_ready for room in rooms)
    meeting = readiness.meeting
    return page(
        "ready",
        language=language,
        words=words,
        meeting=meeting.name if meeting else "",
        begins=f"{meeting.time:%Y-%m-%d %H:%M}" if meeting else "",
        tested=f"{readiness.at.astimezone(VIETNAM):%Y-%m-%d %H:%M}",
        total=words["total"].format(ready=ready, failed=len(rooms) - ready, all=len(rooms)),
        registrars=[finding.sentence(language) for finding in (*readiness.registrars, *readiness.notes)],
        rows=[_row(room, names, language) for room in rooms],
    )


def _row(room: Room, names: Mapping[str, str], language: Language) -> Mapping[str, object]:
    def sentences(findings: tuple[Finding, ...]) -> list[str]:
        return [finding.sentence(language) for finding in findings]

    target = room.target
    return {
        "room": target.room,
        "site": names.get(target.site, target.site),
        "is_ready": room.is_ready,
        "cause": next(iter(sentences(room.causes)), ""),
        "others": [*sentences(room.causes)[1:], *sentences(room.notes)],
        "path": in_words(room.path, language),
    }


def in_words(path: Path | None, language: Language = "en") -> str:
    """`loss 0 % · 12 ms · jitter 1.2 ms · R 93`; empty where nothing was measured."""
    loss, jitter = ("loss", "jitter") if language == "en" else ("mất gói", "biến thiên trễ")
    if path is None:
        return ""
    if path.is_dead:
        return f"{loss} {percent(1)}"
    figures = (
        f"{loss} {percent(path.loss)}",
        milliseconds(path.rtt),
        f"{jitter} {milliseconds(path.jitter)}",
        f"R {path.rating:.0f}",
    )
    return " · ".join(figures)
