"""Which prefixes a configuration still speaks of: as addresses, as neighbours, in routes and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from infra_ctl.errors import RefusedError
from infra_ctl.intent.purposes import Key, Network

_ADDRESS = re.compile(r"(?<!\S)[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]*(?:/\d+)?(?!\S)")


def addresses(text: str) -> frozenset[IPv4Interface | IPv6Interface]:
    """Every address and prefix in a configuration."""
    return frozenset(_read({found[0] for found in _ADDRESS.finditer(text)}))


def _read(words: set[str]) -> Iterator[IPv4Interface | IPv6Interface]:
    for word in words:
        try:
            yield ip_interface(word)
        except ValueError:  # a large community, an AS number with a dot
            continue


def holder(address: IPv4Interface | IPv6Interface, prefixes: Mapping[Key, Network]) -> Key | None:
    """Whose prefix an address is of; None where it is of none, as an aggregate is that holds several."""
    own = address.network
    within = (key for key, net in prefixes.items() if net.version == own.version and _holds(net, own))
    return next(within, None)


def _holds(outer: Network, inner: Network) -> bool:
    return outer.prefixlen <= inner.prefixlen and inner.network_address in outer


def refuse_carried(freed: Mapping[Key, Network], texts: Mapping[str, str]) -> None:
    """Raises RefusedError while what was last confirmed on some device has a prefix that is to be freed."""
    for device, text in sorted(texts.items()):
        for address in sorted(addresses(text), key=str):
            if (key := holder(address, freed)) is not None:
                raise RefusedError(
                    f"{device} was last confirmed with {address}, of {' '.join(key)}: deploy it first"
                )
