"""From the city's inventory to a twin of it: externals for its peers, random secrets of its own."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra_ctl.city import City
from infra_ctl.lab.external import External
from infra_ctl.lab.model import TwinSpec, spec
from infra_ctl.render import render
from infra_ctl.secrets import open_vault, references, write_vault


def twin_of(
    name: str, city: City, hostnames: Iterable[str], folder: Path, *, in_band: bool = False
) -> TwinSpec:
    """The twin of the devices called `hostnames`; its secrets are in `folder`/vault.yml from then on."""
    intents = {hostname: city.intents[hostname] for hostname in hostnames}
    vault = lab_vault(folder, (render(intent) for intent in intents.values()))
    externals = [
        External(peer.id, password=vault.get(peer.secret.removeprefix("vault:")))
        for peer in city.inventory.peers.values()
    ]
    return spec(name, intents, externals, in_band=in_band)


def lab_vault(folder: Path, texts: Iterable[str]) -> Mapping[str, str]:
    """A random secret for every reference in `texts`; those that the twin has already stay as they are.

    16 characters: the longest key that OSPF's MD5 authentication takes (RFC 2328, D.3).
    """
    vault, password = folder / "vault.yml", folder / "vault-password"
    folder.mkdir(parents=True, exist_ok=True)
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(randomness.token_urlsafe(32) + "\n", encoding="utf-8")
    known = dict(open_vault(vault, password)) if vault.exists() else {}
    wanted = {reference for text in texts for reference in references(text)}
    missing = {name: randomness.token_hex(8) for name in sorted(wanted) if name not in known}
    if missing:
        write_vault(vault, password, known | missing)
    return known | missing
