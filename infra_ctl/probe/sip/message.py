"""SIP messages (RFC 3261): the two questions that a probe asks, and answers as they come. Pure.

Strict in what makes an answer one: its first line, and its size. Forgiving in all else that is said in the
field: bare line feeds, folded lines, compact names, headers that nobody knows.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MOST_BYTES: Final = 65535
"""Of one message; no datagram has more."""
MOST_HEADERS: Final = 256
CRLF: Final = "\r\n"
_STATUS = re.compile(r"SIP/2\.0 +([1-6][0-9]{2})(?: +(.*))?", re.IGNORECASE)
_QUESTION = re.compile(r"[A-Z]+ +\S+ +SIP/2\.0", re.IGNORECASE)
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")


class MalformedError(ValueError):
    """What came is no answer that could be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Local:
    """Where a question is asked from, as it must be written in it."""

    host: str
    """An address, in brackets where it is IPv6."""
    port: int


def host_text(address: str) -> str:
    """An address as URIs have it."""
    return f"[{address}]" if ":" in address else address


@dataclass(frozen=True, slots=True)
class Request:
    """One question, with what makes its answer known as its own."""

    method: str
    uri: str
    to: str
    branch: str = field(default_factory=lambda: f"z9hG4bK{secrets.token_hex(8)}")
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    call: str = field(default_factory=lambda: secrets.token_hex(8))

    def encoded(self, transport: str, local: Local) -> bytes:
        """Over a transport, from an address."""
        own = f"{local.host}:{local.port}"
        # Whoever asks a registrar asks in the room's name (RFC 3261, 10.2); OPTIONS are asked in our own.
        sender = self.to if self.method == "REGISTER" else f"sip:infra-ctl@{local.host}"
        lines = [
            f"{self.method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/{transport.upper()} {own};rport;branch={self.branch}",
            "Max-Forwards: 70",
            f"From: <{sender}>;tag={self.tag}",
            f"To: <{self.to}>",
            f"Call-ID: {self.call}@{local.host}",
            f"CSeq: 1 {self.method}",
            "User-Agent: infra-ctl",
            *([f"Contact: <sip:infra-ctl@{own}>", "Accept: application/sdp"] if self._is_options else []),
            "Content-Length: 0",
        ]
        return (CRLF.join(lines) + CRLF * 2).encode()

    def is_answered_by(self, response: Response) -> bool:
        """Whether a response belongs to it (RFC 3261, 17.1.3)."""
        method = response.value("cseq").split()
        return response.branch == self.branch and method[-1:] == [self.method]

    @property
    def _is_options(self) -> bool:
        return self.method == "OPTIONS"


def options(user: str, address: str, port: int) -> Request:
    """Are you there, and would you take a call? (RFC 3261, 11)."""
    whom = f"sip:{user}@{host_text(address)}" if user else f"sip:{host_text(address)}"
    return Request("OPTIONS", f"{whom}:{port}", whom)


def whereabouts(user: str, domain: str) -> Request:
    """Where does a registrar believe a user to be? A REGISTER without Contact changes nothing (10.2.3)."""
    return Request("REGISTER", f"sip:{domain}", f"sip:{user}@{domain}")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: provisional below 200, else final."""

    status: int
    reason: str
    headers: Mapping[str, tuple[str, ...]]
    """By their long names in lower case, in the order in which they stood."""

    @property
    def is_final(self) -> bool:
        return self.status >= 200

    @property
    def branch(self) -> str:
        """Of the topmost Via."""
        found = _BRANCH.search(self.value("via").partition(",")[0])
        return found[1] if found else ""

    def value(self, name: str) -> str:
        """The first value of a header; empty where there is none."""
        return next(iter(self.headers.get(name, ())), "")


def decoded(data: bytes) -> Response:
    """The answer in one datagram. Raises MalformedError."""
    if len(data) > MOST_BYTES:
        raise MalformedError(f"has more than {MOST_BYTES} bytes")
    first, *rest = _lines(data)
    status = _STATUS.fullmatch(first)
    if status is None:
        raise MalformedError(f"does not begin as a SIP response: {first[:40]!r}")
    return Response(int(status[1]), (status[2] or "").strip(), _headers(rest))


class Stream:
    """Answers in what comes over a connection, which knows no beginnings and ends.

    Whoever is at its other end may ask something too (RFC 3261, 18): that is passed over.
    """

    def __init__(self) -> None:
        self._begun = b""

    def fed(self, data: bytes) -> list[Response]:
        """The answers that are whole now. Raises MalformedError: nothing after it can be understood."""
        self._begun += data
        found: list[Response] = []
        while (length := self._length()) is not None:
            message, self._begun = self._begun[:length], self._begun[length:]
            if not _is_question(message):
                found.append(decoded(message))
        return found

    def _length(self) -> int | None:
        """Of the first message that is there whole."""
        self._begun = self._begun.lstrip(b"\r\n")  # keep-alives between messages (RFC 5626)
        end = _HEAD_END.search(self._begun, 0, MOST_BYTES)
        if end is None:
            if len(self._begun) >= MOST_BYTES:
                raise MalformedError(f"has more than {MOST_BYTES} bytes")
            return None
        head = self._begun[: end.end()]
        headers = _headers(_lines(head)[1:]) if _is_question(head) else decoded(head).headers
        text = next(iter(headers.get("content-length", ())), "").strip() or "0"
        # Its digits are counted first: Python refuses to read a number of thousands of them.
        if not re.fullmatch("[0-9]{1,6}", text) or (whole := end.end() + int(text)) > MOST_BYTES:
            raise MalformedError(f"has a Content-Length that cannot be: {text[:20]!r}")
        return whole if len(self._begun) >= whole else None


def _is_question(message: bytes) -> bool:
    return _QUESTION.fullmatch(_lines(message)[0]) is not None


def _lines(message: bytes) -> list[str]:
    """Of its head, the first one without blanks around it."""
    head = _HEAD_END.split(message.lstrip(b"\r\n"), maxsplit=1)[0]
    first, *rest = _unfolded(head.decode("utf-8", errors="replace"))
    return [first.strip(), *rest]


def _unfolded(head: str) -> list[str]:
    """Lines; one that begins with a blank goes on from the one before it."""
    lines: list[str] = []
    for line in head.replace("\r\n", "\n").split("\n"):
        if line[:1] in (" ", "\t") and lines:
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return lines


def _headers(lines: list[str]) -> Mapping[str, tuple[str, ...]]:
    if len(lines) > MOST_HEADERS:
        raise MalformedError(f"has more than {MOST_HEADERS} headers")
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        if (parts := _HEADER.fullmatch(line)) is not None:  # what is no header is nothing that we ask for
            name = _COMPACT.get(parts[1].lower(), parts[1].lower())
            headers[name] = (*headers.get(name, ()), parts[2].strip())
    return headers
