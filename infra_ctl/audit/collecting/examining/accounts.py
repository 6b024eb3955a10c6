"""Who can log in, when he last did, and where accounts come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, one, shown
from infra_ctl.audit.collecting.examining.sshd import value
from infra_ctl.controls.exhibit import Fact, Line
from infra_ctl.drivers.logins import accepted

VENDORS = frozenset(
    (
        *(
            "admin",
            "administrator",
            "cisco",
            "cloud-user",
            "debian",
            "demo",
            "ec2-user",
            "guest",
            "installer",
        ),
        *("linaro", "netadmin", "oem", "pi", "rocky", "support", "test", "tester", "ubnt", "ubuntu", "user"),
        *("vagrant", "vyos"),
    )
)
"""Names of accounts that installers and vendors make, on every machine the same."""
COUNTED = frozenset(
    (
        ".ssh/authorized_keys",
        ".ssh/authorized_keys2",
        "%h/.ssh/authorized_keys",
        "%h/.ssh/authorized_keys2",
        "none",
    )
)
"""Files of keys that are looked into, as sshd names them."""
_DAY = 86400.0
_LAST = re.compile(r"\w{3} (\w{3} [ \d]\d \d\d:\d\d:\d\d) [+-]\d{4} (\d{4})$")
_CENTRAL = {"sss": "sssd", "ldap": "nslcd", "winbind": "winbindd", "systemd-homed": ""}


@dataclass(frozen=True, slots=True)
class Account:
    """One with a shell."""

    name: str
    password: str
    """`set`, `none`, `locked`, `unknown`."""
    changed: int | None
    """Day of the last change of its password, or when it was made."""
    good: int | None
    """Days that a password is good for."""
    keys: int
    hardware: int
    """Keys among these that hardware holds."""
    can_log_in: bool
    line: Line


def found(seen: Seen) -> tuple[Account, ...]:
    """All of them. Raises UnansweredError, also where keys stand that nobody has counted."""
    if not seen.is_absent("sshd"):
        _refuse_other_keys(seen)
    return tuple(_account(seen, line) for line in seen.lines("accounts"))


def _refuse_other_keys(seen: Seen) -> None:
    for line in seen.lines("sshd"):
        key, *words = line.text.split()
        if (key == "authorizedkeysfile" and not COUNTED.issuperset(words)) or (
            key == "authorizedkeyscommand" and words != ["none"]
        ):
            raise UnansweredError(f"sshd: keys stand elsewhere: {line.text}")


def _account(seen: Seen, line: Line) -> Account:
    name, _, rest = line.text.partition(" ")
    said = dict(each.partition("=")[::2] for each in rest.split())
    keys, password = int(said.get("keys", 0)), said["password"]
    by_key = keys > 0 and not (said["uid"] == "0" and value(seen, "permitrootlogin") == "no")
    expires = _number(said.get("expires", ""))
    is_over = expires is not None and seen.since_day(expires) > 0
    return Account(
        name,
        password,
        _number(said.get("changed", "")),
        _number(said.get("good", "")),
        keys,
        int(said.get("hardware", 0)),
        (password in ("set", "none") or by_key) and not is_over,
        line,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def default(seen: Seen) -> Facts:
    """Names that vendors give, and accounts without a password."""
    return tuple(
        Fact(each.name, shown(each.line))
        for each in found(seen)
        if each.can_log_in and (each.name in VENDORS or each.password == "none")  # noqa: S105 - a state
    )


def idle(seen: Seen) -> Facts:
    """By lastlog, what sshd logged, and who is asking; one that never did was made when its password was."""
    last = _logged_in(seen)
    return tuple(_idle(seen, each, last) for each in found(seen) if each.can_log_in)


def _idle(seen: Seen, account: Account, last: Mapping[str, tuple[datetime, Line]]) -> Fact:
    if account.name in last:
        at, line = last[account.name]
        return Fact(max(0.0, (seen.now - at).total_seconds()), shown(line))
    if account.changed is None:
        raise UnansweredError(f"accounts: nobody knows when {account.name} was made")
    return Fact(seen.since_day(account.changed), shown(account.line))


def _logged_in(seen: Seen) -> Mapping[str, tuple[datetime, Line]]:
    newest: dict[str, tuple[datetime, Line]] = {}
    for name, at, line in (*_by_lastlog(seen), *_by_log(seen), _by_us(seen)):
        if name not in newest or newest[name][0] < at:
            newest[name] = at, line
    return newest


def _by_lastlog(seen: Seen) -> Iterator[tuple[str, datetime, Line]]:
    for match, line in seen.matches(seen.lines("lastlog"), _LAST.pattern):
        at = datetime.strptime(f"{match[2]} {match[1]}", "%Y %b %d %H:%M:%S")
        yield line.text.split()[0], at, line


def _by_log(seen: Seen) -> Iterator[tuple[str, datetime, Line]]:
    now = seen.now.replace(tzinfo=UTC)
    ages = range(int(timedelta(days=3660).total_seconds()))
    for line in seen.lines("logins"):
        for login in accepted([line.text], seen.clock["name"], now, ages):
            if login.at is not None:
                yield login.user, login.at.replace(tzinfo=None), line


def _by_us(seen: Seen) -> tuple[str, datetime, Line]:
    line = next(line for line in seen.lines("clock") if line.text.startswith("account="))
    return seen.clock["account"], seen.now, Line("clock", line.number, f"{line.text} asks this")


def central(seen: Seen) -> Facts:
    """Where names are looked up, and whether what looks there runs."""
    line = next((line for line in seen.file("/etc/nsswitch.conf") if line.text.startswith("passwd:")), None)
    if line is None:
        return one(False, no("/etc/nsswitch.conf", "it does not say where accounts come from"))
    services = (program for word, program in _CENTRAL.items() if word in line.text.split())
    runs = next((running for each in services if (running := seen.running(each))), None)
    return one(runs is not None, line)


def password_age(seen: Seen) -> Facts:
    """Of those who have a password; one without an end is good for 99999 days, as shadow(5) has it."""
    return tuple(
        Fact((each.good if each.good is not None else 99999) * _DAY, shown(each.line))
        for each in found(seen)
        if each.password == "set" and each.can_log_in  # noqa: S105 - a state
    )
