"""The web configuration as it holds now: looked at for every request, and the last good one is what holds."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from exporters.serving import tls, webfile
from exporters.serving.passwords import Passwords
from exporters.serving.webfile import Web
from infra_ctl.errors import UnusableError


class Bucket:
    """So many requests at once, and then one an interval."""

    def __init__(self, interval: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._burst, self._clock = interval, burst, clock
        self._tokens, self._at = float(burst), clock()
        self._lock = Lock()

    def takes(self) -> bool:
        """Whether one more request is within the limit; it is counted then."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) / self._interval)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


@dataclass(frozen=True, slots=True)
class Guard:
    """What one web configuration asks of every connection and request."""

    web: Web
    context: ssl.SSLContext | None
    passwords: Passwords | None
    bucket: Bucket | None

    @property
    def headers(self) -> Mapping[str, str]:
        return self.web.headers

    @property
    def sans(self) -> tuple[str, ...] | None:
        return self.web.policy.sans if self.web.policy else None


class Protection(Protocol):
    """Where the server gets its guard from, anew for every connection and request."""

    def guard(self) -> Guard: ...


def guard_of(web: Web) -> Guard:
    """Raises UnusableError where there is no TLS to be had by it."""
    return Guard(
        web,
        context=tls.context(web.policy) if web.policy else None,
        passwords=Passwords(web.users) if web.users else None,
        bucket=Bucket(web.interval, web.burst) if web.interval else None,
    )


class Unprotected:
    """Without a file: plain HTTP, open to all."""

    def __init__(self) -> None:
        self._guard = guard_of(Web())

    def guard(self) -> Guard:
        return self._guard


class FileProtection:
    """What a file says. Raises UnusableError where it is bad to begin with; later the old one stays."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path, self._say = path, say
        self._guard = _prefixed(path, webfile.read(path))
        self._complaint = ""
        self._lock = Lock()

    def guard(self) -> Guard:
        with self._lock:
            try:
                self._guard = self._looked_at()
                self._complaint = ""
            except UnusableError as error:
                if str(error) != self._complaint:  # once, not for every request
                    self._complaint = str(error)
                    self._say(f"{error}: the web configuration before it stays")
            return self._guard

    def _looked_at(self) -> Guard:
        new, old = webfile.read(self._path), self._guard.web
        if new == old:
            return self._guard
        # An emptied file must not open what was closed, nor may TLS come and go under connections.
        if (new.policy is None) != (old.policy is None):
            raise UnusableError(f"{self._path}: TLS is switched on or off by a restart only")
        if old.users and not new.users:
            raise UnusableError(f"{self._path}: passwords are done away with by a restart only")
        return _prefixed(self._path, new)


def _prefixed(path: Path, web: Web) -> Guard:
    try:
        return guard_of(web)
    except UnusableError as error:
        raise UnusableError(f"{path}: {error}") from None
