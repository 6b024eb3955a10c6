"""Who may come in by SSH, and how."""

from __future__ import annotations

import re

from infra_ctl.audit.collecting.examining import accounts
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, one, shown
from infra_ctl.audit.collecting.examining.sshd import excepted, said, value
from infra_ctl.controls.exhibit import Fact, Line

_ROOT = ("no", "forced-commands-only", "prohibit-password", "yes")
"""From the least on."""


def root(seen: Seen) -> Facts:
    """The most that anybody may. `without-password` is the old name of `prohibit-password`."""
    usual = value(seen, "permitrootlogin"), said(seen, "permitrootlogin")
    every = [usual, *excepted(seen, "permitrootlogin")]
    named = ((found.replace("without-password", "prohibit-password"), line) for found, line in every)
    return one(*max(named, key=lambda each: _ROOT.index(each[0]) if each[0] in _ROOT else len(_ROOT)))


def password(seen: Seen) -> Facts:
    """By themselves, or by a dialogue that PAM leads, if only for some."""
    for key in ("passwordauthentication", "kbdinteractiveauthentication"):
        for found, line in excepted(seen, key):
            if found == "yes":
                return one(True, line)
    if value(seen, "passwordauthentication") == "yes":
        return one(True, said(seen, "passwordauthentication"))
    by_dialogue = value(seen, "kbdinteractiveauthentication") == "yes" and value(seen, "usepam") == "yes"
    if by_dialogue:
        return one(True, said(seen, "kbdinteractiveauthentication"))
    return one(False, said(seen, "passwordauthentication"))


def idle(seen: Seen) -> Facts:
    """It asks so often, and gives up after so many questions without an answer."""
    interval, count = int(value(seen, "clientaliveinterval")), int(value(seen, "clientalivecountmax"))
    return one(float(interval * count), said(seen, "clientaliveinterval"))


def port(seen: Seen) -> Facts:
    """Of every address that it listens on, each once; a configuration may name none."""
    said(seen, "port")
    lines = [line for line in seen.lines("sshd") if line.text.startswith("listenaddress ")]
    lines = lines or [line for line in seen.lines("sshd") if line.text.startswith("port ")]
    ports = ((int(re.split(r"[ :]", line.text)[-1]), line) for line in lines)
    found = {number: Fact(number, shown(line)) for number, line in reversed([*ports])}
    return tuple(reversed(found.values()))


def factors(seen: Seen) -> Facts:
    """Of the easiest way in: each list of methods is one, and where there is none each method by itself."""
    line = said(seen, "authenticationmethods")
    lists = line.text.split()[1:]
    if lists == ["any"]:
        return one(1, password(seen)[0].line) if password(seen)[0].value else _by_key(seen, line)
    return min((_of_list(seen, each.split(","), line) for each in lists), key=lambda found: found[0].value)


def _of_list(seen: Seen, methods: list[str], line: Line) -> Facts:
    kinds = {"key" if each.startswith("publickey") else "asked" for each in methods}
    if kinds == {"key"}:
        return _by_key(seen, line)
    return one(len(kinds), line)


def _by_key(seen: Seen, line: Line) -> Facts:
    """One, unless every key that lets somebody in is held by hardware."""
    if "verify-required" in value(seen, "pubkeyauthoptions"):
        return one(2, said(seen, "pubkeyauthoptions"))
    keys = [each for each in accounts.found(seen) if each.keys and each.can_log_in]
    soft = next((each for each in keys if each.hardware < each.keys), None)
    if soft is not None:
        return one(1, soft.line)
    return one(2, keys[0].line) if keys else one(1, line)
