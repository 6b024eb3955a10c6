"""What is logged, where it goes, and how long a collector keeps it: rsyslog, journald, logrotate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.meant import months_of
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, one, shown
from infra_ctl.controls.exhibit import Fact, Line

RSYSLOG = r"/etc/rsyslog(\.conf|\.d/.*\.conf)"
ROTATION = r"/etc/logrotate\.d/infra-ctl"
_OLD_FORM = re.compile(r"^\S+\s+@{1,2}(?:\([^)]*\))?(\[[^\]]+\]|[^\s:;]+)")
_TARGET = re.compile(r"\btarget=\"([^\"]+)\"")
_DAY = 86400.0


def collectors(seen: Seen) -> Facts:
    """Where rsyslog sends to, while it runs."""
    if seen.running("rsyslogd") is None:
        return ()
    return tuple({fact.value: fact for fact in _targets(seen)}.values())


def _targets(seen: Seen) -> Iterator[Fact]:
    for line in seen.file(RSYSLOG):
        found = _TARGET.search(line.text) or _OLD_FORM.search(line.text)
        if found is not None:
            yield Fact(found[1].strip("[]"), shown(line))


def free(seen: Seen) -> Facts:
    """df's own count: what is kept for root is not free."""
    line = seen.lines("disk")[-1]
    used, left = (int(word) for word in line.text.split()[2:4])
    return one(round(left / (used + left), 4) if used + left else 0.0, line)


def kinds(seen: Seen) -> Facts:
    """A kind each, by what has it written."""
    return tuple(
        Fact(kind, shown(line))
        for kind, line in (
            ("access", _facility(seen, "auth")),
            ("application", _facility(seen, "daemon")),
            ("alert", _alerts(seen)),
            ("process", _audited(seen, r"\bexecve\b") or seen.running("pacctd")),
            ("data", _queries(seen) or _audited(seen, r"^-w /|-F (path|dir)=")),
        )
        if line is not None
    )


def _facility(seen: Seen, name: str) -> Line | None:
    """What takes it: a selector of rsyslog, or the journal."""
    if seen.running("rsyslogd"):
        for found, line in seen.matches(seen.file(RSYSLOG), r"^([\w*,]+\.[\w*=!;,.]+)\s+[^\s~]"):
            if _takes(found[1], name):
                return line
    return seen.running("systemd-journal")


def _takes(selector: str, facility: str) -> bool:
    """`*.*;auth,authpriv.none`: of its parts, the last one that is about a facility counts."""
    taken = False
    for each in selector.split(";"):
        names, _, priority = each.partition(".")
        if {"*", facility} & set(names.split(",")):
            taken = priority not in ("none", "emerg", "=emerg")
    return taken


def _alerts(seen: Seen) -> Line | None:
    """What the firewall denies is told of, and somebody takes what the kernel says."""
    if _facility(seen, "kern") is None:
        return None
    rules = (rule for chain in seen.ruleset.chains.values() for rule in chain.rules)
    return next((rule.line for rule in rules if re.search(r"\blog\b", rule.line.text)), None)


def _audited(seen: Seen, pattern: str) -> Line | None:
    if seen.running("auditd") is None:
        return None
    return next((line for _, line in seen.matches(seen.lines("audit"), pattern)), None)


def _queries(seen: Seen) -> Line | None:
    """PostgreSQL's last word on what it logs."""
    said = seen.matches(
        seen.file(r"/etc/postgresql/.*\.conf"),
        r"^(log_statement|pgaudit\.log|log_connections)\s*=?\s*'?(\w+)",
    )
    last = {found[1]: (found[2], line) for found, line in said}
    return next((line for value, line in last.values() if value not in ("none", "off", "false")), None)


def _refuse_others(seen: Seen) -> None:
    if not seen.meant.is_collector:
        raise UnansweredError("it collects nobody's logs")


def kept(seen: Seen) -> Facts:
    """The shortest time for which those are kept who, by their level, are to be kept as long as its own asks.

    A folder a retention: see hosts.roles.logs. Raises UnansweredError of who is no collector.
    """
    _refuse_others(seen)
    ages = _ages(seen)
    months = {each for each in seen.meant.months.values() if each >= months_of(seen.meant.level)}
    wanted = [str(each) for each in sorted(months)]
    lacking = next((each for each in wanted if each not in ages), None)
    if lacking is not None or not wanted:
        return one(0.0, no("/etc/logrotate.d/infra-ctl", f"nothing rotates {lacking or 'what is kept'}"))
    days, line = min((ages[each] for each in wanted), key=lambda each: each[0])
    return one(days * _DAY, line)


def _ages(seen: Seen) -> Mapping[str, tuple[int, Line]]:
    """By folder, for how many days its files are kept: `maxage`, or so many as are kept a day each."""
    found: dict[str, tuple[int, Line]] = {}
    folder = ""
    for line in seen.file(ROTATION):
        if (begun := re.match(r"/var/log/city/([^/]+)/\S+\s*\{", line.text)) is not None:
            folder = begun[1]
        elif (age := re.match(r"maxage (\d+)", line.text)) is not None:
            found[folder] = int(age[1]), line
        elif (count := re.match(r"rotate (\d+)", line.text)) is not None:
            found.setdefault(folder, (int(count[1]), line))
            found[folder] = min(found[folder], (int(count[1]), line), key=lambda each: each[0])
    return found


def immutable(seen: Seen) -> Facts:
    """Whether every folder and file of what is kept has the attribute `a`."""
    _refuse_others(seen)
    lines = seen.lines("lsattr")
    if seen.is_absent("lsattr") or not lines:
        raise UnansweredError("lsattr: it is not installed, or nothing is kept")
    bare = next((line for line in lines if "a" not in line.text.split()[0]), None)
    return one(bare is None, bare or lines[0])


def apart(seen: Seen) -> Facts:
    """By intent: whether nobody who sends to it stands in its own zone, those of its own kind left out."""
    _refuse_others(seen)
    zone, others = seen.meant.zone, sorted(seen.meant.sources)
    said = f"it stands in {zone}; logs come from {', '.join(others)}"
    return one(zone not in others, no("inventory/hosts.yaml", said))


def last(seen: Seen) -> Facts:
    """By the newest file of it on a collector."""
    if isinstance(seen.heard, str):
        raise UnansweredError(seen.heard)
    if seen.meant.name not in seen.heard:
        raise UnansweredError("no collector has ever heard of it")
    stamp, line = seen.heard[seen.meant.name]
    return one(stamp, line)


def heard(seen: Seen) -> Mapping[str, tuple[float, Line]]:
    """What a collector says: by sender, seconds since it last heard of it. Raises UnansweredError."""
    if seen.is_absent("kept"):
        raise UnansweredError(f"{seen.meant.name} keeps no logs of others")
    found: dict[str, tuple[float, Line]] = {}
    for line in seen.lines("kept"):
        stamp, path = line.text.split(None, 1)
        name = path.rpartition("/")[2].removesuffix(".log")
        since = seen.since(float(stamp))
        at = datetime.fromtimestamp(int(float(stamp)), UTC)
        told = Line(f"{seen.meant.name}:/var/log/city/{path}", 0, f"written {at:%Y-%m-%d %H:%M:%S} UTC")
        if name not in found or since < found[name][0]:
            found[name] = since, told
    return found
