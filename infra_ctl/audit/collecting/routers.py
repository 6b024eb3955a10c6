"""What routers route by: FRR's running configuration, masked, and what is read from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.audit.collecting.routing import unauthenticated
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Document
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError
from infra_ctl.masking import Masking
from infra_ctl.plan import settled

ASKED = "show running-config"
KNOWN = "8"
"""The FRR whose configuration is read here, as the driver's."""
_VERSION = re.compile(r"^frr version (\S+)$", re.MULTILINE)
_NAMES = tuple(name for name, each in {**DOCUMENTS, **FACTS}.items() if each.source == "frr")


def collect(
    fleet: Fleet, masking: Masking, hostnames: Iterable[str], on_done: Callable[[str], None]
) -> Mapping[Subject, Part]:
    """Every device's configuration, over one session each.

    One that cannot be asked, or that runs something only for now, has nothing but the cause.
    """

    def one(hostname: str) -> Part:
        with fleet.open(hostname) as device:
            running = settled(hostname, device)
        return said(masking.mask(running), is_simulated=fleet.simulated)

    found = fleet.each(hostnames, one, on_done)
    return {
        ("device", hostname): _lacking(masking.mask(each.cause)) if isinstance(each, DeviceError) else each
        for hostname, each in found.items()
    }


def said(masked: str, *, is_simulated: bool = False) -> Part:
    """The part of one configuration; one of another form or release is not judged as if it were known.

    A simulated device says no release.
    """
    if not is_simulated and (cause := _strange(masked)):
        return _lacking(cause)
    # A description may have what others take for the end of a line, and a line of its own making behind it.
    document = Document("frr", ASKED, tuple(masked.removesuffix("\n").split("\n")))
    try:
        facts = {"routing.unauthenticated": unauthenticated(document)}
    except ValueError as error:  # an address or a prefix that is none
        return Part({"frr": document}, {}, {"routing.unauthenticated": f"{ASKED} cannot be read: {error}"})
    return Part({"frr": document}, facts)


def _strange(text: str) -> str:
    """Why a text is not what this reads; empty where it is."""
    version = _VERSION.search(text)
    if version is None:
        first = next(filter(None, map(str.strip, text.splitlines())), "nothing")
        return f"{ASKED} is not FRR's: it begins with '{first[:60]}'"
    if version[1].partition(".")[0] != KNOWN:
        return f"{ASKED} is of FRR {version[1]}: only FRR {KNOWN} is known here"
    return ""


def _lacking(cause: str) -> Part:
    return Part(missing=dict.fromkeys(_NAMES, cause))
