"""News as a letter, Vietnamese or English: a subject that says how much, a text that says what. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import format_datetime
from types import MappingProxyType

from infra_ctl.audit.news import Group, Item, News
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.kinds import Language
from infra_ctl.outcome import Verdict

MOST = 40
"""Findings of a heading that a letter lists; the others are counted."""
TOLD: tuple[Group, ...] = ("broken", "mended", "waived", "ending", "gone")


@dataclass(frozen=True, slots=True)
class _Language:
    """The words of a letter."""

    subject: str
    counted: Mapping[Group, str]
    """In the subject, after a number."""
    headings: Mapping[Group, str]
    verdicts: Mapping[Verdict, str]
    severities: Mapping[str, str]
    audit: str
    time: str
    where: str
    everything: str
    laws: str
    result: str
    compared: str
    first: str
    waiver: str
    more: str
    details: str


_WORDS: Mapping[Language, _Language] = MappingProxyType(
    {
        "vi": _Language(
            subject="[{city}] Kiểm tra tuân thủ {name}: {counts}",
            counted={
                "broken": "phát sinh mới",
                "mended": "đã khắc phục",
                "waived": "mới được miễn trừ",
                "ending": "miễn trừ sắp hết hiệu lực",
                "gone": "không còn phải đánh giá",
            },
            headings={
                "broken": "Phát sinh mới: không đạt hoặc không đánh giá được",
                "mended": "Đã khắc phục",
                "waived": "Mới được miễn trừ",
                "ending": "Miễn trừ sắp hết hiệu lực",
                "gone": "Không còn phải đánh giá",
            },
            verdicts={
                Verdict.FAIL: "không đạt",
                Verdict.ERROR: "không đánh giá được",
                Verdict.PASS: "đạt",
                Verdict.WAIVED: "được miễn trừ",
                Verdict.SKIP: "không áp dụng",
            },
            severities={
                "critical": "nghiêm trọng",
                "high": "cao",
                "medium": "trung bình",
                "low": "thấp",
            },
            audit="Đợt kiểm tra",
            time="Thời gian",
            where="Phạm vi",
            everything="toàn bộ hệ thống",
            laws="Căn cứ",
            result="Kết quả",
            compared="So với đợt",
            first="chưa có (đợt kiểm tra đầu tiên)",
            waiver="Miễn trừ",
            more="… và {number} kết quả khác",
            details="Xem chi tiết",
        ),
        "en": _Language(
            subject="[{city}] Compliance audit {name}: {counts}",
            counted={
                "broken": "new",
                "mended": "mended",
                "waived": "newly waived",
                "ending": "waivers about to end",
                "gone": "asked no more",
            },
            headings={
                "broken": "New: fails, or cannot be judged",
                "mended": "Mended",
                "waived": "Newly waived",
                "ending": "Waivers about to end",
                "gone": "Asked no more",
            },
            verdicts={
                Verdict.FAIL: "failed",
                Verdict.ERROR: "not judged",
                Verdict.PASS: "passed",
                Verdict.WAIVED: "waived",
                Verdict.SKIP: "not applicable",
            },
            severities={each: each for each in ("critical", "high", "medium", "low")},
            audit="Audit",
            time="When",
            where="Of",
            everything="everything",
            laws="By",
            result="Result",
            compared="Compared with",
            first="nothing (the first audit of this name)",
            waiver="Waiver",
            more="… and {number} more",
            details="In full",
        ),
    }
)


def subject(news: News, city: str, language: Language) -> str:
    """`[Thành phố Cần Thơ] Kiểm tra tuân thủ weekly: 3 phát sinh mới, 1 đã khắc phục`."""
    words = _WORDS[language]
    counts = ", ".join(
        f"{len(news.items[group])} {words.counted[group]}" for group in TOLD if news.items[group]
    )
    return words.subject.format(city=city, name=news.name, counts=counts)


def letter(news: News, city: str, language: Language, id: str, sender: str, to: Iterable[str]) -> Message:  # noqa: A002
    """All of it; of one that comes twice, mail programs show one by its id.

    The older classes of the standard library: the newer ones lose blanks of a long subject that is not ASCII
    (seen with Python 3.11).
    """
    written = MIMEText(body(news, language), "plain", "utf-8")
    written["From"], written["To"] = sender, ", ".join(to)
    written["Subject"] = Header(subject(news, city, language), "utf-8", header_name="Subject").encode()
    written["Date"] = format_datetime(news.ended.replace(tzinfo=UTC))
    written["Message-ID"] = f"<{id}>"
    written["Auto-Submitted"], written["Content-Language"] = "auto-generated", language
    return written


def body(news: News, language: Language) -> str:
    """What was audited and what came of it, then the news, heading by heading."""
    words = _WORDS[language]
    blocks = ["\n".join(_head(news, words))]
    for group in TOLD:
        if items := news.items[group]:
            lines = "\n".join(_listed(items, words, language))
            blocks.append(f"{words.headings[group]} ({len(items)})\n\n{lines}")
    blocks.append(f"{words.details}: infra-ctl audit show {news.audit} --language {language}")
    return "\n\n".join(blocks) + "\n"


def title(item: Item, language: Language) -> str:
    """`NET-02 dc-core1: What no rule lets pass between zones is denied`."""
    return f"{item.control} {item.object}: {item.title[language]}"


def why(item: Item, language: Language) -> str:
    """Its reasons, and the line that proves it."""
    said = " ".join(each[language] for each in item.reasons)
    return " | ".join(part for part in (said, item.line) if part)


def _head(news: News, words: _Language) -> Iterator[str]:
    counts = ", ".join(
        f"{news.counts[verdict]} {name}"
        for verdict, name in words.verdicts.items()
        if news.counts.get(verdict)
    )
    yield f"{words.audit}: {news.name} ({news.audit})"
    yield f"{words.time}: {_local(news.started)} → {_local(news.ended)} (UTC+7)"
    yield f"{words.where}: {news.where or words.everything}"
    yield f"{words.laws}: {', '.join(news.laws)}"
    yield f"{words.result}: {counts}"
    yield f"{words.compared}: {news.before or words.first}"


def _listed(items: tuple[Item, ...], words: _Language, language: Language) -> Iterator[str]:
    for item in items[:MOST]:
        severity, verdict = words.severities[item.severity], words.verdicts[item.verdict]
        yield f"- {title(item, language)} [{severity}; {verdict}]"
        yield from (f"    {reason[language]}" for reason in item.reasons)
        if item.line:
            yield f"    {item.line}"
        if item.waiver:
            yield f"    {words.waiver}: {item.waiver}"
    if len(items) > MOST:
        yield words.more.format(number=len(items) - MOST)


def _local(at: datetime) -> str:
    return f"{at.replace(tzinfo=UTC).astimezone(VIETNAM):%d/%m/%Y %H:%M}"
