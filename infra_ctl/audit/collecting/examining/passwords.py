"""What a new password must be, and when an account is locked: PAM's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, one
from infra_ctl.controls.exhibit import Line

_CHANGING = r"/etc/pam\.d/(common-password|system-auth|password-auth|passwd)"
_ENTERING = r"/etc/pam\.d/(common-auth|system-auth|password-auth|sshd|login)"
QUALITY, OLD, LOCK = "pam_pwquality.so", "pam_pwhistory.so", "pam_faillock.so"
CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")


def _module(seen: Seen, files: str, kind: str, module: str, told: str = "") -> Line | None:
    """The line by which PAM asks a module, or tells it something."""
    asked = rf"^-?{kind}\s.*\b{re.escape(module)}.*{told}"
    return next((line for _, line in seen.matches(seen.file(files), asked)), None)


def _settings(seen: Seen, module: Line, files: str, key: str) -> Iterator[tuple[int, Line]]:
    """What a module is told, that which counts last: in its files, then on its own line."""
    form = rf"(?:^|\s){key}\s*=\s*(-?\d+)"
    for lines in (seen.file(files), (module,)):
        for match, line in seen.matches(lines, form):
            yield int(match[1]), line


def _last(seen: Seen, module: Line, files: str, key: str, usual: int) -> tuple[int, Line]:
    return [(usual, module), *_settings(seen, module, files, key)][-1]


_QUALITY_FILES = r"/etc/security/pwquality\.conf(\.d/.*\.conf)?"


def length(seen: Seen) -> Facts:
    """pam_pwquality's, or the 6 of pam_unix; pwquality takes none below 6."""
    if (module := _module(seen, _CHANGING, "password", QUALITY)) is not None:
        value, line = _last(seen, module, _QUALITY_FILES, "minlen", 8)
        return one(max(value, 6), line)
    if (module := _module(seen, _CHANGING, "password", "pam_unix.so")) is not None:
        return one(*_last(seen, module, "none", "minlen", 6))
    return one(0, no("/etc/pam.d", "nothing looks at a new password"))


def classes(seen: Seen) -> Facts:
    """`minclass`, or the kinds of which at least one character is asked (a credit below 0)."""
    if (module := _module(seen, _CHANGING, "password", QUALITY)) is None:
        return one(1, no("/etc/pam.d", f"no {QUALITY}"))
    minclass, line = _last(seen, module, _QUALITY_FILES, "minclass", 0)
    asked = [_last(seen, module, _QUALITY_FILES, key, 0) for key in CREDITS]
    needed = [line for value, line in asked if value < 0]
    return one(minclass, line) if minclass >= len(needed) else one(len(needed), needed[0])


def remembered(seen: Seen) -> Facts:
    """pam_pwhistory's, or what pam_unix is told."""
    if (module := _module(seen, _CHANGING, "password", OLD)) is not None:
        return one(*_last(seen, module, r"/etc/security/pwhistory\.conf", "remember", 10))
    if (module := _module(seen, _CHANGING, "password", "pam_unix.so")) is not None:
        return one(*_last(seen, module, "none", "remember", 0))
    return one(0, no("/etc/pam.d", f"no {OLD}"))


def lockout(seen: Seen) -> Facts:
    """pam_faillock's, which must be told of failures as well."""
    if (module := _module(seen, _ENTERING, "auth", LOCK)) is not None:
        if _module(seen, _ENTERING, "auth", LOCK, "authfail") is None:
            return one(0, module)
        return one(*_last(seen, module, r"/etc/security/faillock\.conf", "deny", 3))
    if (module := _module(seen, _ENTERING, "auth", "pam_tally2.so")) is not None:
        return one(*_last(seen, module, "none", "deny", 0))
    return one(0, no("/etc/pam.d", f"no {LOCK}"))


def session_idle(seen: Seen) -> Facts:
    """TMOUT, as shells of people are told it; the last word counts."""
    files = r"/etc/(profile|profile\.d/.*\.sh|bash\.bashrc|environment)"
    said = seen.matches(seen.file(files), r"\bTMOUT=[\"']?(\d+)")
    found = [(float(match[1]), line) for match, line in said]
    return one(*found[-1]) if found else one(0.0, no("/etc/profile", "no TMOUT"))
