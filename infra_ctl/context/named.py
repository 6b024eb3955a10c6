"""Where a command works: which inventory, which network (the city's, its twin, or a simulated fleet)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra_ctl.errors import UnknownError, UnusableError

Kind = Literal["live", "lab", "embedded"]
BACKUP = "INFRA_CTL_BACKUP"
"""The variable that says where backups are kept."""


@dataclass(frozen=True, slots=True)
class Context:
    """A named way to the devices. `lab:NAME` is the twin NAME; `lab` alone is the twin called `city`."""

    name: str
    kind: Kind
    inventory: Path
    var: Path
    """Journal, twins, generated keys: all that is ours and not the inventory's."""
    username: str
    key_file: Path
    known_hosts: Path
    vault: Path
    vault_password: Path | None

    @property
    def journal_url(self) -> str:
        return os.environ.get("INFRA_CTL_JOURNAL", f"sqlite:///{self.var / 'journal.db'}")

    @property
    def backup(self) -> Path:
        """The git repository of backups; a colon would be a machine's name to git."""
        usual = self.var / "backup" / self.name.replace(":", "-")
        return Path(os.environ.get(BACKUP) or usual)

    @property
    def lab_name(self) -> str:
        return self.name.partition(":")[2] or "city"

    @property
    def lab_folder(self) -> Path:
        """What is kept of the twin that it names."""
        return self.var / "lab" / self.lab_name


def context(name: str, inventory: Path) -> Context:
    """The context called `name`. Raises UnknownError where there is none, UnusableError without its place."""
    var = var_of(inventory)
    kind = name.partition(":")[0]
    make = _KINDS.get(kind)
    if make is None:
        raise UnknownError(f"there is no context '{name}'; there are live, lab, lab:NAME and embedded")
    _refuse_no_place(var)
    return make(name, inventory, var)


def var_of(inventory: Path) -> Path:
    """Where all is that is ours and not the inventory's."""
    return Path(os.environ.get("INFRA_CTL_VAR", inventory.resolve().parent / "var"))


def _refuse_no_place(var: Path) -> None:
    """Where a file is in the way, no folder can be made. Raises UnusableError."""
    there = next(each for each in (var, *var.absolute().parents) if each.exists())
    if not there.is_dir():
        raise UnusableError(f"{var}: {there} is not a folder (INFRA_CTL_VAR)")


def _live(name: str, inventory: Path, var: Path) -> Context:
    ssh = Path.home() / ".ssh"
    password = os.environ.get("INFRA_CTL_VAULT_PASSWORD_FILE")
    return Context(
        name=name,
        kind="live",
        inventory=inventory,
        var=var,
        username=os.environ.get("INFRA_CTL_USER", "root"),
        key_file=Path(os.environ.get("INFRA_CTL_KEY", ssh / "id_ed25519")),
        known_hosts=Path(os.environ.get("INFRA_CTL_KNOWN_HOSTS", ssh / "known_hosts")),
        vault=inventory / "vault.yml",
        vault_password=Path(password) if password else None,
    )


def _lab(name: str, inventory: Path, var: Path) -> Context:
    lab = name.partition(":")[2] or "city"
    if not lab.isalnum():
        raise UnknownError(f"lab name '{lab}': use a letter, then letters and digits")
    home = var / "lab" / lab
    return Context(
        name=f"lab:{lab}",
        kind="lab",
        inventory=inventory,
        var=var,
        username="root",
        key_file=home / "keys" / "controller",
        known_hosts=home / "keys" / "known_hosts",
        vault=home / "vault.yml",
        vault_password=home / "vault-password",
    )


def _embedded(name: str, inventory: Path, var: Path) -> Context:
    home = var / "embedded"
    return Context(
        name=name,
        kind="embedded",
        inventory=inventory,
        var=var,
        username="nobody",
        key_file=home / "no-key",
        known_hosts=home / "no-known-hosts",
        vault=home / "vault.yml",
        vault_password=home / "vault-password",
    )


_KINDS: dict[str, Callable[[str, Path, Path], Context]] = {"live": _live, "lab": _lab, "embedded": _embedded}
