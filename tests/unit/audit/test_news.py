"""What is new in an audit, and what is only as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import product

import pytest

from infra_ctl.audit.news import GROUPS, Group, compared, nearing, news, read, text
from infra_ctl.controls.loading import shipped
from infra_ctl.outcome import Verdict
from tests.unit.audit.telling import LAW, WAIVER, audit, finding, told

PASS, FAIL, ERROR, SKIP, WAIVED = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.SKIP, Verdict.WAIVED
NEWS: dict[tuple[Verdict | None, Verdict | None], Group | None] = {
    (None, PASS): None,
    (None, FAIL): "broken",
    (None, ERROR): "broken",
    (None, SKIP): None,
    (None, WAIVED): "waived",
    (PASS, None): None,
    (PASS, PASS): None,
    (PASS, FAIL): "broken",
    (PASS, ERROR): "broken",
    (PASS, SKIP): None,
    (PASS, WAIVED): "waived",
    (FAIL, None): "gone",
    (FAIL, PASS): "mended",
    (FAIL, FAIL): "standing",
    (FAIL, ERROR): "broken",
    (FAIL, SKIP): "mended",
    (FAIL, WAIVED): "waived",
    (ERROR, None): "gone",
    (ERROR, PASS): "mended",
    (ERROR, FAIL): "broken",
    (ERROR, ERROR): "standing",
    (ERROR, SKIP): "mended",
    (ERROR, WAIVED): "waived",
    (SKIP, None): None,
    (SKIP, PASS): None,
    (SKIP, FAIL): "broken",
    (SKIP, ERROR): "broken",
    (SKIP, SKIP): None,
    (SKIP, WAIVED): "waived",
    (WAIVED, None): None,
    (WAIVED, PASS): "mended",
    (WAIVED, FAIL): "broken",
    (WAIVED, ERROR): "broken",
    (WAIVED, SKIP): "mended",
    (WAIVED, WAIVED): None,
}
"""Of an object that was and is so; None is one that is not asked."""


def test_every_change_is_in_the_table() -> None:
    assert NEWS.keys() == {*product([None, *Verdict], repeat=2)} - {(None, None)}


@pytest.mark.parametrize(("pair", "group"), NEWS.items(), ids=str)
def test_what_a_change_is(pair: tuple[Verdict | None, Verdict | None], group: Group | None) -> None:
    was, now = pair
    earlier, later = [finding(was)] if was else [], [finding(now)] if now else []
    assert [found for found, _ in compared(earlier, later, lambda _words: False)] == (
        [group] if group else []
    )


def test_a_control_of_another_object_or_law_is_another() -> None:
    earlier = [finding(FAIL)]
    for other in (finding(FAIL, "dc-db-2"), finding(FAIL, control="LOG-04"), replace(earlier[0], law="ours")):
        assert [found for found, _ in compared(earlier, [other], lambda _words: False)] == ["broken", "gone"]


@pytest.mark.parametrize(
    ("day", "before", "is_near"),
    [
        ("2026-11-20", None, False),
        ("2026-11-21", None, True),  # two weeks before the 5th of December
        ("2026-11-21", "2026-11-20", True),
        ("2026-11-28", "2026-11-21", False),  # told already
        ("2026-12-06", "2026-11-14", True),  # nobody looked for weeks
    ],
)
def test_a_waiver_that_is_about_to_end_is_told_once(day: str, before: str | None, is_near: bool) -> None:
    near = nearing([WAIVER], date.fromisoformat(day), date.fromisoformat(before) if before else None)
    assert near(WAIVER.in_words) is is_near
    assert not near("of a waiver that is gone")
    waived = finding(WAIVED, waiver=WAIVER.in_words)
    found = [group for group, _ in compared([waived], [waived], near)]
    assert found == (["ending"] if is_near else [])


def test_the_day_of_an_audit_is_the_citys() -> None:
    """In Cần Thơ it is the 21st already."""
    waived = finding(WAIVED, waiver=WAIVER.in_words)
    late, early = audit(2, datetime(2026, 11, 20, 17, 30)), audit(1, datetime(2026, 11, 20, 16, 30))
    assert news(late, [waived], early, [waived], shipped(), [WAIVER]).items["ending"]
    assert news(early, [waived], None, [waived], shipped(), [WAIVER]).is_empty


def test_news_name_the_control_and_quote_the_line() -> None:
    found = told((PASS, FAIL), (FAIL, PASS), (FAIL, FAIL))
    (broken,) = found.items["broken"]
    assert (broken.object, broken.control, broken.line) == ("dc-1", "LOG-03", "sshd:14: permitrootlogin yes")
    assert broken.title == {"vi": "Thời gian lưu nhật ký", "en": shipped()[LAW].controls["LOG-03"].title.en}
    assert {group: len(found.items[group]) for group in GROUPS} == {
        "broken": 1,
        "mended": 1,
        "waived": 0,
        "ending": 0,
        "gone": 0,
        "standing": 1,
    }


def test_what_stands_is_no_news() -> None:
    assert told((FAIL, FAIL), (PASS, PASS)).is_empty
    assert not told((FAIL, None)).is_empty


def test_the_first_audit_of_a_name_tells_all_that_is_broken() -> None:
    found = news(audit(1), [finding(FAIL), finding(PASS, "dc-2")], None, (), shipped(), ())
    assert found.before == ""
    assert [each.object for each in found.items["broken"]] == ["dc-db-1"]


def test_news_are_read_as_they_were_written() -> None:
    found = told((PASS, FAIL), (FAIL, PASS), (FAIL, FAIL), (FAIL, WAIVED), (ERROR, None))
    assert read(text(found)) == found
    assert '"started":"2026-11-21T18:30:00+00:00"' in text(found)


def test_a_control_that_its_law_has_no_more_is_told_by_its_id() -> None:
    gone = finding(FAIL, control="OLD-01")
    (item,) = news(audit(2), [], audit(1), [gone], shipped(), ()).items["gone"]
    assert item.title == {"vi": "OLD-01", "en": "OLD-01"}
