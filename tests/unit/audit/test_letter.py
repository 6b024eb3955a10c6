"""News as a letter, as an official and an engineer read it."""

from __future__ import annotations

import pytest

from infra_ctl.audit import letter
from infra_ctl.audit.news import GROUPS, news
from infra_ctl.controls.loading import shipped
from infra_ctl.inventory.kinds import Language
from infra_ctl.outcome import Verdict
from tests.unit.audit.telling import WAIVER, audit, finding, told

PASS, FAIL, WAIVED = Verdict.PASS, Verdict.FAIL, Verdict.WAIVED
CITY = "Thành phố Cần Thơ"


def test_a_letter_in_vietnamese() -> None:
    found = told((PASS, FAIL), (FAIL, PASS), (FAIL, FAIL))
    assert letter.subject(found, CITY, "vi") == (
        "[Thành phố Cần Thơ] Kiểm tra tuân thủ weekly: 1 phát sinh mới, 1 đã khắc phục"
    )
    assert (
        letter.body(found, "vi")
        == """\
Đợt kiểm tra: weekly (A2026-11-21-002)
Thời gian: 22/11/2026 01:30 → 22/11/2026 01:42 (UTC+7)
Phạm vi: level>=3
Căn cứ: tcvn-14423-2026
Kết quả: 2 không đạt, 312 đạt
So với đợt: A2026-11-21-001

Phát sinh mới: không đạt hoặc không đánh giá được (1)

- LOG-03 dc-1: Thời gian lưu nhật ký [cao; không đạt]
    Cho phép đăng nhập root.
    sshd:14: permitrootlogin yes

Đã khắc phục (1)

- LOG-03 dc-2: Thời gian lưu nhật ký [cao; đạt]

Xem chi tiết: infra-ctl audit show A2026-11-21-002 --language vi
"""
    )


def test_a_letter_in_english_names_the_waiver() -> None:
    waived = finding(WAIVED, waiver=WAIVER.in_words)
    found = news(audit(2), [waived], None, (), shipped(), ())
    assert letter.subject(found, "Can Tho", "en") == "[Can Tho] Compliance audit weekly: 1 newly waived"
    text = letter.body(found, "en")
    assert "Compared with: nothing (the first audit of this name)\n" in text
    assert (
        "    Waiver: Đĩa mới về trong quý I · Trần Văn Minh, Giám đốc Trung tâm · 2026-09-01 → 2026-12-05\n"
        in text
    )


def test_of_many_findings_some_are_listed_and_the_others_counted() -> None:
    text = letter.body(told(*[(PASS, FAIL)] * (letter.MOST + 7)), "vi")
    assert text.count("- LOG-03 ") == letter.MOST
    assert "… và 7 kết quả khác" in text
    assert f"không đánh giá được ({letter.MOST + 7})" in text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_letter_has_words_for_everything(language: Language) -> None:
    words = letter._WORDS[language]
    assert words.verdicts.keys() == {*Verdict}
    assert words.severities.keys() == {"critical", "high", "medium", "low"}
    assert words.headings.keys() == words.counted.keys() == {*letter.TOLD} == {*GROUPS} - {"standing"}
