"""The reflector on loopback, a socket at each end."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_network
from select import select
from threading import Thread

import pytest

from infra_ctl.probe import reflector as module
from infra_ctl.probe import sockets
from infra_ctl.probe.reflector import Reflector
from infra_ctl.probe.stamp import LENGTH, Reflected, Sent, ntp

PATIENCE = 30.0


class Ends:
    """A reflector that answers when told to, and a sender."""

    def __init__(self, *allowed: str) -> None:
        self.answering = sockets.reflector_socket(socket.AF_INET, "127.0.0.1", 0)
        self.reflector = Reflector([self.answering], map(ip_network, allowed))
        self.address = self.answering.getsockname()
        self.senders: list[socket.socket] = []

    def sender(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        self.senders.append(opened)
        return opened

    def answer_to(self, packet: bytes, sender: socket.socket) -> bytes:
        """What comes back; there is nothing between the ends that loses anything."""
        self.ask(packet, sender)
        assert select([sender], [], [], PATIENCE)[0], "no answer"
        return sender.recv(4096)

    def is_silent(self, packet: bytes, sender: socket.socket) -> bool:
        self.ask(packet, sender)
        return not select([sender], [], [], 0.05)[0]

    def ask(self, packet: bytes, sender: socket.socket) -> None:
        sender.sendto(packet, self.address)
        assert select([self.answering], [], [], PATIENCE)[0], "nothing arrived"
        self.reflector.answer(self.answering)

    def close(self) -> None:
        for each in (self.answering, *self.senders):
            each.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends("127.0.0.0/8", "2001:db8::/32")
    yield made
    made.close()


def decoded(packet: bytes) -> Reflected:
    found = Reflected.decoded(packet)
    assert found is not None
    return found


def test_all_that_the_sender_says_comes_back_with_the_reflector_s_own_number(ends: Ends) -> None:
    sent = Sent(41, ntp(12345), 0xC10A, 7)
    found = decoded(ends.answer_to(sent.encoded(), ends.sender()))
    assert (found.sent, found.sequence) == (sent, 0)
    assert found.dwell >= 0


def test_the_ttl_is_told_that_a_packet_arrived_with(ends: Ends) -> None:
    sender = ends.sender()
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 17)
    assert decoded(ends.answer_to(Sent(0, 1).encoded(), sender)).ttl == 17


def test_what_waits_to_be_read_has_been_received_when_the_kernel_had_it(ends: Ends) -> None:
    sender = ends.sender()
    sender.sendto(Sent(0, 1).encoded(), ends.address)
    assert select([ends.answering], [], [], PATIENCE)[0]
    time.sleep(0.1)
    ends.reflector.answer(ends.answering)
    assert select([sender], [], [], PATIENCE)[0]
    assert decoded(sender.recv(4096)).dwell >= 50_000_000


def test_every_session_is_numbered_for_itself(ends: Ends) -> None:
    one, other = ends.sender(), ends.sender()
    numbers = [
        decoded(ends.answer_to(Sent(sequence, 1).encoded(), sender)).sequence
        for sequence, sender in enumerate([one, one, other, one, other])
    ]
    assert numbers == [0, 1, 0, 2, 1]


def test_sessions_of_one_port_are_told_apart_by_their_identifier(ends: Ends) -> None:
    sender = ends.sender()
    answers = [ends.answer_to(Sent(0, 1, session=session).encoded(), sender) for session in (1, 1, 2, 1)]
    assert [decoded(each).sequence for each in answers] == [0, 1, 0, 2]


@pytest.mark.parametrize("length", [LENGTH, 100, 1472])
def test_an_answer_is_as_long_as_what_is_answered(ends: Ends, length: int) -> None:
    answer = ends.answer_to(Sent(0, 1).encoded().ljust(length, b"x"), ends.sender())
    assert len(answer) == length


@pytest.mark.parametrize("packet", [b"", b"x" * 43, b"x" * 2049], ids=["empty", "short", "too long"])
def test_what_is_no_test_packet_is_not_answered(ends: Ends, packet: bytes) -> None:
    assert ends.is_silent(packet, ends.sender())


def test_only_who_may_is_answered() -> None:
    ends = Ends("10.0.0.0/8", "::/0")
    try:
        assert ends.is_silent(Sent(0, 1).encoded(), ends.sender())
    finally:
        ends.close()


def test_a_change_keeps_sessions_of_sockets_that_stay_and_closes_the_others(ends: Ends) -> None:
    other = sockets.reflector_socket(socket.AF_INET, "127.0.0.2", 0)
    address, packet, sender = other.getsockname(), Sent(0, 1).encoded(), ends.sender()
    everybody = [ip_network("127.0.0.0/8")]
    ends.reflector.go_over_to([ends.answering, other], everybody)
    Thread(target=ends.reflector.run, daemon=True).start()
    assert [answered(sender, packet, each).sequence for each in (ends.address, address, address)] == [0, 0, 1]
    ends.reflector.go_over_to([ends.answering], everybody)
    assert other.fileno() == -1
    again = sockets.reflector_socket(socket.AF_INET, "127.0.0.2", address[1])  # it has the same descriptor
    ends.reflector.go_over_to([ends.answering, again], everybody)
    assert [answered(sender, packet, each).sequence for each in (ends.address, address)] == [1, 0]
    ends.reflector.go_over_to([ends.answering], [ip_network("192.0.2.0/24")])
    sender.sendto(packet, ends.address)
    assert not select([sender], [], [], 0.05)[0]


def answered(sender: socket.socket, packet: bytes, address: tuple[str, int]) -> Reflected:
    """What a reflector that runs says."""
    sender.sendto(packet, address)
    assert select([sender], [], [], PATIENCE)[0], "no answer"
    return decoded(sender.recv(4096))


def test_two_reflectors_do_not_talk_to_each_other(ends: Ends) -> None:
    twin = sockets.reflector_socket(socket.AF_INET, "127.0.0.2", ends.address[1])
    ends.senders.append(twin)
    assert ends.is_silent(Sent(0, 1).encoded(), twin)


def test_sessions_are_bounded_and_the_longest_silent_goes_first(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SESSIONS", 2)
    one, two, three = ends.sender(), ends.sender(), ends.sender()
    packet = Sent(0, 1).encoded()
    numbers = [decoded(ends.answer_to(packet, each)).sequence for each in (one, two, one, three, one, two)]
    assert numbers == [0, 0, 1, 0, 2, 0]


def test_an_answer_is_in_the_class_of_what_is_answered(ends: Ends) -> None:
    sender = ends.sender()
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 34 << 2)
    sender.setsockopt(socket.IPPROTO_IP, sockets.IP_RECVTOS, 1)
    ends.ask(Sent(0, 1).encoded(), sender)
    assert select([sender], [], [], PATIENCE)[0]
    _data, ancillary, _flags, _address = sender.recvmsg(100, 100)
    assert ancillary == [(socket.IPPROTO_IP, socket.IP_TOS, bytes([34 << 2]))]
