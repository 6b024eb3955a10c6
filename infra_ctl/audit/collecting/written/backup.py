"""The data centre and its backup: how far apart, and joined by what."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.inventory import port
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.models import Site

EARTH_KM = 6371.0


def distance(reading: Reading, _city: str) -> Found:
    """From the data centre to the nearest backup site, as the crow flies."""
    centres, backups = (_of(reading, kind) for kind in (SiteKind.DC, SiteKind.DC_BACKUP))
    if not centres or not backups:
        return "there is no data centre or no backup site"
    if unknown := [site.id for site in (*centres, *backups) if site.lat is None or site.lon is None]:
        return f"nobody wrote where {unknown[0]} stands (lat, lon)"
    apart = {_km(centre, backup): backup.id for centre in centres for backup in backups}
    nearest = min(apart)
    return (reading.fact(round(nearest, 1), "sites", apart[nearest], "lat"),)


def _of(reading: Reading, kind: SiteKind) -> list[Site]:
    return [site for site in reading.inventory.sites.values() if site.kind is kind]


def _km(one: Site, other: Site) -> float:
    """By the haversine formula, on a sphere."""
    (lat1, lon1), (lat2, lon2) = ((radians(each.lat or 0), radians(each.lon or 0)) for each in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))


def links(reading: Reading, _city: str) -> Found:
    kinds = {site.id: site.kind for site in reading.inventory.sites.values()}
    return tuple(
        reading.fact(circuit.id, "circuits", circuit.id)
        for circuit in reading.inventory.circuits.values()
        if {kinds[port(circuit.a).site], kinds[port(circuit.z).site]} == {SiteKind.DC, SiteKind.DC_BACKUP}
    )
