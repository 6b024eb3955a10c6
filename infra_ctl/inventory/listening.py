"""How a system is spoken to: what its hosts listen on, and by which names it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from infra_ctl.inventory.models import System

PORTS = {
    "http": 80,
    "https": 443,
    "imap": 143,
    "imaps": 993,
    "ldap": 389,
    "ldaps": 636,
    "mqtt": 1883,
    "mqtts": 8883,
    "sip": 5060,
    "sips": 5061,
    "smtp": 25,
    "smtps": 465,
}
"""Where a scheme is spoken unless something else is said; one that is not here needs a port."""
HTTP = ("http", "https")
TLS = ("https", "imaps", "ldaps", "mqtts", "sips", "smtps")
"""What is spoken over TLS; the others of `PORTS` are in clear."""
SSH_PORT = 22
SIP = ("sip", "sips")


class Listener(NamedTuple):
    """A scheme and the port that it is spoken on."""

    scheme: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}/{self.port}"


def listeners(system: System) -> tuple[Listener, ...]:
    """What a system's hosts take requests on, each once."""
    if system.listen:
        return _parsed(system.listen)
    return asked(system)


def administered(system: System) -> tuple[Listener, ...]:
    """Where administrators reach it, beside the SSH that every host has."""
    return tuple(each for each in _parsed(system.administration or ()) if each.port != SSH_PORT)


def asked(system: System) -> tuple[Listener, ...]:
    """What its probes, and so its users, ask for: of its own hosts, or of what stands before them."""
    return tuple(dict.fromkeys(Listener(url.scheme, port_of(url)) for url in _urls(system)))


def names(system: System) -> tuple[str, ...]:
    """The names that it is asked for by."""
    return tuple(dict.fromkeys(url.hostname or "" for url in _urls(system)))


def health(system: System) -> str:
    """The path of its first probe over HTTP; `/` where it has none."""
    paths = (url.path for url in _urls(system) if url.scheme in HTTP)
    return next(paths, "") or "/"


def port_of(url: SplitResult) -> int:
    """Raises ValueError where it has none that could be used."""
    port = url.port or PORTS.get(url.scheme)
    if not url.hostname or port is None:
        raise ValueError(
            "names no host" if not url.hostname else f"needs a port: {url.scheme} has no usual one"
        )
    return port


def _parsed(doors: Iterable[str]) -> tuple[Listener, ...]:
    pairs = (each.split("/") for each in doors)
    return tuple(dict.fromkeys(Listener(scheme, int(port)) for scheme, port in pairs))


def _urls(system: System) -> list[SplitResult]:
    return [urlsplit(probe) for probe in system.probes]
