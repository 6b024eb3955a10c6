"""Secrets by reference: `vault:path/name` in texts, values in an ansible-vault file, masks in all else."""

from infra_ctl.secrets.fitness import Use, judge, uses
from infra_ctl.secrets.masks import (
    HASH_KEY,
    hash_key,
    held,
    keyed_hash,
    mask,
    named,
    nameless,
    references,
    resolve,
    unresolved,
)
from infra_ctl.secrets.vault import PASSWORD_FILE, open_vault, write_private, write_vault

__all__ = [
    "HASH_KEY",
    "PASSWORD_FILE",
    "Use",
    "hash_key",
    "held",
    "judge",
    "keyed_hash",
    "mask",
    "named",
    "nameless",
    "open_vault",
    "references",
    "resolve",
    "unresolved",
    "uses",
    "write_private",
    "write_vault",
]
