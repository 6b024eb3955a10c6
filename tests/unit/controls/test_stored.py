"""Exhibits and findings come back from text as they were."""

from __future__ import annotations

import json

import pytest

from infra_ctl.controls import stored
from infra_ctl.controls.exhibit import Exhibit, Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Words
from infra_ctl.errors import UnknownFormError
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import TAKEN, cases, exhibit

SHOWN = exhibit(
    "device",
    {"nftables": "dc-core1.nftables", "frr": "hostname Cái Khế\n", "ssh.port": ["22"], "login.open": []},
    {"sshd": "no session: “timed out”"},
)


def test_it_is_one_line_and_comes_back() -> None:
    assert "\n" not in stored.text(SHOWN)
    assert stored.exhibit(stored.text(SHOWN)) == SHOWN


def test_every_case_comes_back() -> None:
    for case in cases():
        shown = exhibit("host", case.passes[0])
        assert stored.exhibit(stored.text(shown)) == shown


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no exhibit"),
        ("[]", "no exhibit"),
        ("{}", "no exhibit"),
        ('{"form":1}', "no exhibit"),
        ('{"form":2}', "an exhibit of form 2, and not 1"),
        (stored.text(Exhibit("city", "x", TAKEN)).replace('"facts":{', '"facts":{"a":[[1,2]]'), "no exhibit"),
        (stored.text(Exhibit("city", "x", TAKEN)).replace("2026-", "soon-"), "no exhibit"),
        (stored.text(Exhibit("city", "x", TAKEN)).replace('"facts":{}', '"facts":[]'), "no exhibit"),
    ],
)
def test_what_is_no_exhibit_is_refused(text: str, cause: str) -> None:
    with pytest.raises(UnknownFormError, match=cause):
        stored.exhibit(text)


FOUND = Finding(
    "tcvn-14423-2026",
    "LOG-03",
    "host",
    "dc-log-1",
    "high",
    3,
    "90d",
    Verdict.WAIVED,
    (Words(vi="Giá trị không đạt yêu cầu.", en="The value is not what is asked for."),),
    (Line("log.kept", 0, "30 ngày"), Line("frr", 7, "log syslog")),
    4,
    TAKEN,
    "đang thay thế; Nguyễn Văn A; đến 2026-12-31",
)


def test_findings_are_one_line_and_come_back() -> None:
    text = stored.findings_text([FOUND, FOUND])
    assert "\n" not in text
    assert stored.findings(text) == (FOUND, FOUND)


def test_a_finding_in_json_says_its_time_with_its_zone() -> None:
    value = json.loads(json.dumps(stored.value(FOUND)))
    assert value["taken"] == "2026-11-26T03:00:00+00:00"
    assert stored.finding(value) == FOUND
    assert stored.finding({**value, "taken": "2026-11-26T10:00:00+07:00"}) == FOUND


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no findings"),
        ("[]", "no findings"),
        ('{"form":1}', "no findings"),
        ('{"form":2,"findings":[]}', "findings of form 2, and not 1"),
        (stored.findings_text([FOUND]).replace("waived", "sacred"), "no finding"),
        (stored.findings_text([FOUND]).replace('"law"', '"lex"'), "no finding"),
    ],
)
def test_what_are_no_findings_is_refused(text: str, cause: str) -> None:
    with pytest.raises(UnknownFormError, match=cause):
        stored.findings(text)
