"""What a registrar knows of a user: where he is to be called, and until when (RFC 3261, 10.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from infra_ctl.probe.sip.message import Response

_URI = re.compile(
    r"sips?:(?:[^@<>\s]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:;?<>\s]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE
)
_SECONDS = re.compile("[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Binding:
    """A place where a user is to be called."""

    uri: str
    host: str
    """A name or an address as it was written, without brackets; empty where it cannot be read."""
    expires: int | None
    """Seconds that it still has; None where nothing is said of it."""

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """None where it is a name, or nothing that could be called."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def bindings(response: Response) -> tuple[Binding, ...]:
    """All that an answer to REGISTER lists."""
    default = _seconds(response.value("expires"))
    contacts = (each for value in response.headers.get("contact", ()) for each in _apart(value))
    return tuple(_binding(each, default) for each in contacts if each != "*")


def _binding(text: str, default: int | None) -> Binding:
    name, opened, rest = _outside_quotes(text).partition("<")
    uri, _, parameters = rest.partition(">") if opened else name.partition(";")
    found = _URI.match(uri.strip())
    written = next(_values(parameters, "expires"), "")
    expires = _seconds(written)
    return Binding(
        uri.strip(), found["host"].strip("[]").lower() if found else "", expires if written else default
    )


def _values(parameters: str, name: str) -> Iterator[str]:
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == name:
            yield value.strip().strip('"')


def _seconds(text: str) -> int | None:
    return int(text) if _SECONDS.fullmatch(text.strip()) else None


def _apart(value: str) -> Iterator[str]:
    """Contacts of one header: a comma within quotes or brackets belongs to what is within."""
    part, quoted, inside = "", False, False
    for character in value:
        quoted ^= character == '"'
        if not quoted:
            inside = character == "<" or (inside and character != ">")
        if character == "," and not quoted and not inside:
            yield part.strip()
            part = ""
        else:
            part += character
    if part.strip():
        yield part.strip()


def _outside_quotes(text: str) -> str:
    """Without a quoted name before the URI, whose brackets mean nothing."""
    return re.sub(r'^\s*"(?:[^"\\]|\\.)*"', "", text)
