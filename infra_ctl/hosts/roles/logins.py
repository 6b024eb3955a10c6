"""How people log in: who types wrong passwords is kept out, old ones do not come back, idle shells end.

Nobody comes in by SSH with a password; a console and sudo may ask for one. Keys are never locked.
"""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Run
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

PROFILES = "/usr/share/pam-configs"
TRIES, LOCKED = 10, 600
"""Wrong passwords that are one too many, and the seconds for which nobody is asked again."""
REMEMBERED = 10
"""Passwords that a new one may not be."""
IDLE = 300
"""Seconds."""
_SET = (
    f"grep -q 'pam_faillock.so preauth deny={TRIES} unlock_time={LOCKED}$' /etc/pam.d/common-auth"
    f" && grep -q 'pam_faillock.so authfail deny={TRIES} unlock_time={LOCKED}$' /etc/pam.d/common-auth"
    " && grep -q pam_faillock.so /etc/pam.d/common-account"
    f" && grep -q 'pam_pwhistory.so remember={REMEMBERED} ' /etc/pam.d/common-password"
)


def logins(host: HostIntent) -> tuple[Operation, ...]:
    """PAM's own files are put together by Debian's tool, from these and from what other packages bring."""
    profiles = tuple(_profile(host, name) for name in ("locking", "locked", "history"))
    return (
        *profiles,
        Run(
            id="logins/pam",
            command=f"DEBIAN_FRONTEND=noninteractive pam-auth-update --package && {_SET}",
            unless=_SET,
            after=tuple(each.id for each in profiles),
        ),
        File(
            id="logins/idle",
            path="/etc/profile.d/infra-ctl.sh",
            text=host_text("idle.sh", host, seconds=IDLE),
            validate_by="sh -n {}",
        ),
    )


def _profile(host: HostIntent, name: str) -> File:
    text = host_text(f"pam_{name}", host, tries=TRIES, seconds=LOCKED, remembered=REMEMBERED)
    return File(id=f"logins/{name}", path=f"{PROFILES}/infra-ctl-{name}", text=text)
