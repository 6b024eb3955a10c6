"""What goes over the pipe comes out as it went in, and nothing else does."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from infra_ctl import errors
from infra_ctl.change.operations import File, Predicted, Service
from infra_ctl.errors import DeviceError
from infra_ctl.hosts.protocol import ANSWER, REQUEST, Apply, Did, Ended, Lease, Predict, Stop, Way, Work, line

WAY = Way(part="a", address="10.0.0.1", username="infra", known_hosts="/known_hosts", password="s3cret")
WORK = Work(
    way=WAY,
    operations=(File(id="a/f", path="/etc/f", text="hallo không\n"), Service(id="a/s", unit="s")),
)
REQUESTS = [
    Predict(number=1, works=(WORK,), kept=("a/f",)),
    Apply(number=2, works=(WORK, WORK), token="t", fence={"a": 3}, revert_in=60),
    Lease(number=3, way=WAY, owner="me", token="t", seconds=9),
    Stop(),
]
DID = Predicted(id="a/f", says="/etc/f", diff="+ hallo\n- thế")
ANSWERS = [
    Did(number=1, part="a", what=DID),
    Ended(number=1, part="a", state="taken back", done=(DID,), at="a/s", cause="locks us out"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.kind)
def test_requests(request_):
    text = line(request_)
    assert text.count(b"\n") == 1
    assert REQUEST.validate_json(text) == request_


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: each.kind)
def test_answers(answer):
    text = line(answer)
    assert text.count(b"\n") == 1
    assert ANSWER.validate_json(text) == answer


@pytest.mark.parametrize("text", ["{}", '{"kind": "reboot"}', '{"kind": "stop", "now": true}', "nothing"])
def test_what_is_no_request_is_refused(text):
    with pytest.raises(ValidationError):
        REQUEST.validate_json(text)


def test_no_secret_is_in_what_a_request_looks_like_in_a_log():
    assert "s3cret" not in repr(REQUESTS)
    assert "hallo" not in repr(REQUESTS)


def test_every_error_of_one_host_can_be_named():
    kinds = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, DeviceError)
    ]
    assert all(getattr(errors, each.__name__)("a", "why").cause == "why" for each in kinds)
