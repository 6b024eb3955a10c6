"""Exhibits come back from text as they were."""

from __future__ import annotations

import pytest

from infra_ctl.controls import stored
from infra_ctl.controls.exhibit import Exhibit
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
    with pytest.raises(stored.UnknownFormError, match=cause):
        stored.exhibit(text)
