"""What keeps a room from a meeting, as a fact that can be told in more than one language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from infra_ctl.inventory.kinds import Language


class Part(StrEnum):
    """What is to be mended, in the order in which one thing hides the next."""

    SITE = "site"
    CIRCUIT = "circuit"
    ROOM = "room"
    REGISTRAR = "registrar"
    CERTIFICATE = "certificate"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause: what it is about, and which sentence says it with which values."""

    part: Part
    object: str
    says: str
    """A key of `SENTENCES`."""
    values: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, language: Language = "en") -> str:
        sentence = SENTENCES[self.says][language].format(**self.values)
        for failure, words in FAILURES.items() if language == "vi" else ():
            sentence = sentence.replace(failure, words)
        return f"{self.object} {sentence}"


SENTENCES: Mapping[str, Mapping[Language, str]] = {
    "off": {
        "en": "is off, or cut off from its LAN: nothing there answers",
        "vi": "đang tắt, hoặc mất kết nối mạng LAN: không có gì trả lời",
    },
    "mute": {
        "en": "is on, but answers no call: {why}",
        "vi": "đang bật nhưng không trả lời cuộc gọi: {why}",
    },
    "degraded": {
        "en": "says that it cannot take calls: {status}",
        "vi": "báo không nhận được cuộc gọi: {status}",
    },
    "silent registrar": {
        "en": "does not answer: {why}",
        "vi": "không trả lời: {why}",
    },
    "no entry": {
        "en": "has no entry of {room}: it never registered, or its registration has expired",
        "vi": "không có bản ghi của {room}: chưa đăng ký, hoặc đăng ký đã hết hạn",
    },
    "wrong entry": {
        "en": "has a broken entry of {room}: it leads to {found}, and the room is at {address}",
        "vi": "có bản ghi sai của {room}: dẫn tới {found}, trong khi phòng họp ở {address}",
    },
    "expired": {
        "en": "shows a certificate that expired on {date}",
        "vi": "dùng chứng thư đã hết hạn ngày {date}",
    },
    "expires": {
        "en": "shows a certificate that expires on {date}, before the meeting",
        "vi": "dùng chứng thư hết hạn ngày {date}, trước cuộc họp",
    },
    "expires soon": {
        "en": "shows a certificate that expires on {date}",
        "vi": "dùng chứng thư sắp hết hạn, ngày {date}",
    },
    "dead": {
        "en": "carries nothing, or what is behind it is off: of {sent} echoes none came back",
        "vi": "không truyền được gì, hoặc thiết bị phía sau đang tắt: {sent} gói thử, không gói nào quay lại",
    },
    "loss": {
        "en": "loses {loss} of {sent} echoes (at most {limit})",
        "vi": "mất {loss} trong {sent} gói thử (tối đa {limit})",
    },
    "delay": {
        "en": "is slow: {delay} one way (at most {limit})",
        "vi": "chậm: trễ một chiều {delay} (tối đa {limit})",
    },
    "jitter": {
        "en": "is uneven: jitter {jitter} (at most {limit})",
        "vi": "không đều: biến thiên trễ {jitter} (tối đa {limit})",
    },
    "rating": {
        "en": "is estimated at R {rating} (at least {limit})",
        "vi": "ước tính R {rating} (tối thiểu {limit})",
    },
    "unreachable": {
        "en": "cannot be reached, over no circuit",
        "vi": "không tới được qua bất kỳ đường truyền nào",
    },
    "queue": {
        "en": "fails the class of video alone: it loses {loss} there at {delay} one way, "
        "in the default class {other} at {other_delay}",
        "vi": "chỉ hỏng lớp video: mất {loss}, trễ một chiều {delay}; "
        "lớp mặc định mất {other}, trễ {other_delay}",
    },
    "in a call": {"en": "is in a call now", "vi": "đang trong một cuộc gọi"},
    "answers": {"en": "answers {status}", "vi": "trả lời {status}"},
    "guarded": {
        "en": "does not tell where {room} is: {why}",
        "vi": "không cho biết {room} ở đâu: {why}",
    },
}
"""What is said of an object, which stands before it."""
FAILURES: Mapping[str, str] = {
    "nobody answers": "không có trả lời",
    "no connection in time": "không kết nối được kịp thời",
    "refused: nothing listens there": "bị từ chối: không có dịch vụ",
    "the connection was cut": "kết nối bị ngắt",
    "no route to host": "không có đường tới",
    "network is unreachable": "không có đường tới",
}
"""What `why` may say, in Vietnamese; what is not here stays as the system says it."""
