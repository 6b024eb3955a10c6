"""SIP as it comes: what is understood, what is refused, and that nothing makes the decoder fail otherwise."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import example, given
from hypothesis import strategies as st

from infra_ctl.lab.rooms import certificate as made
from infra_ctl.probe.sip.bindings import bindings
from infra_ctl.probe.sip.certificate import certificate
from infra_ctl.probe.sip.message import (
    MOST_BYTES,
    Local,
    MalformedError,
    Request,
    Response,
    Stream,
    decoded,
    options,
    whereabouts,
)
from tests.lab.endurance.far import answer_to, spoilt

OK = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport=5060;branch=z9hG4bKa\r\n"
    b"CSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody"
)


SHOWN = load_pem_x509_certificate(made("hall", datetime(2030, 1, 1, tzinfo=UTC))).public_bytes(Encoding.DER)
VERSION = (SHOWN.index(b"\xa0\x03\x02\x01\x02") + 4.5) / len(SHOWN)
"""Where a certificate says which it is of."""


def test_options_are_asked_as_rfc_3261_wants_them() -> None:
    text = options("hall", "2001:db8::1", 5060).encoded("udp", Local("[2001:db8::2]", 4000)).decode()
    first, *lines = text.split("\r\n")
    assert first == "OPTIONS sip:hall@[2001:db8::1]:5060 SIP/2.0"
    headers = dict(line.split(": ", 1) for line in lines if line)
    assert headers["Via"].startswith("SIP/2.0/UDP [2001:db8::2]:4000;rport;branch=z9hG4bK")
    assert headers["To"] == "<sip:hall@[2001:db8::1]>"
    assert {"Max-Forwards", "From", "Call-ID", "CSeq", "Contact", "Content-Length"} <= set(headers)
    assert text.endswith("\r\n\r\n")


def test_whereabouts_are_asked_without_a_contact_which_would_change_them() -> None:
    text = whereabouts("hall", "sip.example").encoded("tcp", Local("192.0.2.1", 1)).decode()
    assert text.startswith("REGISTER sip:sip.example SIP/2.0\r\n")
    assert "\r\nTo: <sip:hall@sip.example>\r\n" in text
    assert "Contact:" not in text
    assert "Expires" not in text


def test_an_answer_belongs_to_its_own_question() -> None:
    request = Request("OPTIONS", "sip:a", "sip:a", branch="z9hG4bKa")
    assert request.is_answered_by(decoded(OK))
    assert not Request("OPTIONS", "sip:a", "sip:a").is_answered_by(decoded(OK))
    assert not Request("REGISTER", "sip:a", "sip:a", branch="z9hG4bKa").is_answered_by(decoded(OK))


def test_what_is_said_in_the_field_is_understood() -> None:
    said = (
        b"\r\nsip/2.0 486\nv: SIP/2.0/UDP x;branch=z9hG4bKb,\n SIP/2.0/UDP y;branch=c\nno header\nX y: z\n\n"
    )
    found = decoded(said)
    assert (found.status, found.reason, found.branch) == (486, "", "z9hG4bKb")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\xff",
        b"OPTIONS sip:a SIP/2.0\r\n\r\n",
        b"SIP/2.0 999 OK\r\n\r\n",
        b"SIP/2.0 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\n" + b"a:b\r\n" * 300 + b"\r\n",
        b"SIP/2.0 200 OK\r\n" + b"x" * MOST_BYTES,
    ],
)
def test_what_is_no_answer_is_refused(said: bytes) -> None:
    with pytest.raises(MalformedError):
        decoded(said)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: b"SIP/2.0 200 " + text.encode()))
def test_no_bytes_make_it_fail_otherwise(said: bytes) -> None:
    with suppress(MalformedError):
        bindings(decoded(said))
    with suppress(MalformedError):
        Stream().fed(said)


@given(st.randoms(use_true_random=False))
def test_no_answer_that_chance_changed_makes_it_fail_otherwise(chance: random.Random) -> None:
    said = spoilt(answer_to(whereabouts("hall", "sip.example").encoded("udp", Local("192.0.2.1", 1))), chance)
    with suppress(MalformedError):
        found = decoded(said)
        assert len([each.address for each in bindings(found)]) < MOST_BYTES
        whereabouts("hall", "sip.example").is_answered_by(found)
    stream = Stream()
    with suppress(MalformedError):
        for at in range(0, len(said), 97):
            stream.fed(said[at : at + 97])


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=3))
@example([(VERSION, 84)])
def test_no_certificate_makes_it_fail(changes: list[tuple[float, int]]) -> None:
    shown = bytearray(SHOWN)
    for place, byte in changes:
        shown[int(place * len(shown))] = byte
    assert certificate(bytes(shown)) is not None


@given(st.lists(st.sampled_from([OK, OK.replace(b"200 OK", b"503 No"), b"\r\n\r\n"])), st.integers(1, 40))
def test_a_stream_is_the_same_however_it_is_cut(messages: list[bytes], size: int) -> None:
    said, stream = b"".join(messages), Stream()
    found = [each for at in range(0, len(said), size) for each in stream.fed(said[at : at + size])]
    assert [each.status for each in found] == [int(m[8:11]) for m in messages if m.strip()]


@pytest.mark.parametrize("length", ["x", "-1", "99999", "1" * 5000])
def test_a_length_that_cannot_be_is_refused(length: str) -> None:
    with pytest.raises(MalformedError):
        Stream().fed(f"SIP/2.0 200 OK\r\nl: {length}\r\n\r\n".encode())


def test_a_head_without_an_end_is_given_up() -> None:
    stream = Stream()
    assert stream.fed(b"a" * (MOST_BYTES - 1)) == []
    with pytest.raises(MalformedError):
        stream.fed(b"a")


def answer(*contacts: str, expires: str = "") -> Response:
    return Response(200, "OK", {"contact": contacts, **({"expires": (expires,)} if expires else {})})


@pytest.mark.parametrize(
    ("contacts", "found"),
    [
        ((), []),
        (("*",), []),
        (("<sip:hall@192.0.2.7:5060>;expires=97;q=1",), [("192.0.2.7", 97)]),
        (("<sip:hall@[2001:DB8::7]:5060;ob>;expires=97",), [("2001:db8::7", 97)]),
        (
            ('"a, <b>" <sip:a@x.example;x=1,2>;expires=1, sips:192.0.2.8;expires="5"',),
            [("x.example", 1), ("192.0.2.8", 5)],
        ),
        (("<sip:192.0.2.7>", "<sip:192.0.2.8>;expires=soon"), [("192.0.2.7", 60), ("192.0.2.8", None)]),
        (("<tel:+84>;expires=5",), [("", 5)]),
        (("<sip:a@192.0.2.7",), [("192.0.2.7", 60)]),
    ],
)
def test_bindings_are_read_as_they_are_written(
    contacts: tuple[str, ...], found: list[tuple[str, int]]
) -> None:
    assert [(each.host, each.expires) for each in bindings(answer(*contacts, expires="60"))] == found
