from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.probe.icmp import checksum, request4, request6, token4, token6

COOKIE = b"\x01\x02\x03\x04"
TOKEN = b"abcdefgh"


def rfc1071(data: bytes) -> int:
    """The loop of the RFC, word by word."""
    total = 0
    for (word,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reply4(cookie: bytes = COOKIE, token: bytes = TOKEN, options: bytes = b"", payload: int = 56) -> bytes:
    """What a raw socket gives: the IPv4 header, then the request as whoever was asked sends it back."""
    message = b"\0" + request4(7, 9, cookie, token, payload)[1:]
    message = message[:2] + b"\0\0" + message[4:]
    message = message[:2] + rfc1071(message).to_bytes(2, "big") + message[4:]
    length = 20 + len(options) + len(message)
    header = struct.pack("!BBH16x", 0x45 + len(options) // 4, 0, length)
    return header + options + message


def reply6(token: bytes = TOKEN) -> bytes:
    return b"\x81" + request6(7, 9, COOKIE, token)[1:]


@given(st.binary(min_size=1, max_size=200))
def test_the_checksum_is_that_of_the_rfc(data: bytes) -> None:
    """All-zero words have two checksums in one's complement; both verify."""
    assert checksum(data) % 0xFFFF == rfc1071(data) % 0xFFFF


def test_a_request_has_its_checksum() -> None:
    assert rfc1071(request4(7, 9, COOKIE, TOKEN)) == 0
    assert len(request4(7, 9, COOKIE, TOKEN)) == len(request6(7, 9, COOKIE, TOKEN)) == 64


@pytest.mark.parametrize("options", [b"", b"\x01" * 8])
def test_the_token_comes_back(options: bytes) -> None:
    assert token4(reply4(options=options), COOKIE) == TOKEN
    assert token6(reply6(), COOKIE) == TOKEN


def test_a_reply_cut_by_the_reader_is_known_by_its_token() -> None:
    assert token4(reply4(payload=1472)[:256], COOKIE) == TOKEN


def test_what_is_not_our_reply_is_none() -> None:
    ours = reply4()
    request = ours[:20] + request4(7, 9, COOKIE, TOKEN)
    assert token4(request, COOKIE) is None
    assert token4(reply4(cookie=b"else"), COOKIE) is None
    assert token6(request6(7, 9, COOKIE, TOKEN), COOKIE) is None


@given(st.integers(20, 83), st.integers(1, 255))
def test_a_changed_byte_is_seen(place: int, change: int) -> None:
    packet = bytearray(reply4())
    packet[place] ^= change
    assert token4(bytes(packet), COOKIE) is None


@given(st.integers(0, 39))
def test_a_packet_too_short_for_a_token_is_none(length: int) -> None:
    assert token4(reply4()[:length], COOKIE) is None
    assert token6(reply6()[: length // 2], COOKIE) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(packet: bytes) -> None:
    assert token4(packet, COOKIE) is None
    assert token6(packet, COOKIE) is None
