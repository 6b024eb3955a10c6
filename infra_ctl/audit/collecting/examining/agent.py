"""The SNMP agent: its configuration without secrets, and the versions that it answers."""

from __future__ import annotations

import re

from infra_ctl.audit.collecting.examining.seen import Facts, Seen, shown
from infra_ctl.controls.exhibit import Document, Fact, Line

_PLAIN = re.compile(r"(?i)^\s*(r[ow]community6?|com2sec6?)\b")
_USER = re.compile(r"(?i)^\s*(r[ow]user|createUser)\b")
_SECRETS = (
    re.compile(r"(?i)^(\s*(?:r[ow]community6?|trap2?sink|informsink|trapcommunity)\s+)(\S+)"),
    re.compile(r"(?i)^(\s*com2sec6?\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+)(\S+)"),
    re.compile(r"(?i)^(\s*com2secunix\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+)(\S+)"),
    re.compile(
        r"(?i)^(\s*(?:usmUser|authcommunity|def\w*(?:Passphrase|Community|MasterKey|LocalizedKey))\s+)(.*)"
    ),
)
_OPTION = re.compile(r"(?<=\s)(-[cAX]|-3[mMkK])\s*(?:\"[^\"]*\"|\S+)")
"""What a session of the agent's own is given: a community, passphrases, keys."""


def masked(text: str) -> str:
    """A line without communities and passphrases."""
    if re.match(r"(?i)\s*createUser\b", text):
        return _user(text)
    for form in _SECRETS:
        text = form.sub(r"\1…", text)
    return _OPTION.sub(r"\1 …", text) if re.match(r"(?i)\s*(trapsess|proxy)\b", text) else text


def _user(text: str) -> str:
    """`createUser [-e ID] NAME PROTOCOL PASSPHRASE PROTOCOL PASSPHRASE`: quoted or not, a word each."""
    words = re.findall(r"\"[^\"]*\"|\S+", text)
    begin = 2 + 2 * (len(words) > 1 and words[1] == "-e")
    return " ".join(
        [*words[:begin], *("…" if place % 2 else word for place, word in enumerate(words[begin:]))]
    )


def document(seen: Seen) -> Document:
    """Without lines where none runs: what its package brought along answers nobody.

    Where nobody asked what runs, it is a configuration that is yet to be: then it will.
    """
    if "ps" in seen.answers and seen.running("snmpd") is None:
        return Document("snmpd", "snmpd does not run", ())
    lines = tuple(masked(line.text) for line in seen.lines("snmpd"))
    return Document("snmpd", "/etc/snmp/snmpd.conf, snmpd.conf.d", lines)


def versions(seen: Seen) -> Facts:
    """By what is configured, while it runs; a community serves 1 and 2c alike."""
    if seen.running("snmpd") is None:
        return ()
    lines = [Line("snmpd", number, text) for number, text in enumerate(document(seen).lines, 1)]
    plain = next((line for line in lines if _PLAIN.match(line.text)), None)
    user = next((line for line in lines if _USER.match(line.text)), None)
    found = (("1", plain), ("2c", plain), ("3", user))
    return tuple(Fact(version, shown(line)) for version, line in found if line is not None)
