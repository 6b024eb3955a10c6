"""Basic authentication against bcrypt hashes: slow once, then remembered, and it tells nobody who exists."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

MOST_REMEMBERED = 256


class Passwords:
    """Who may come in. Safe to use from several threads."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, bool] = OrderedDict()
        self._remembering = Lock()
        self._hashing = Lock()

    def lets_in(self, authorization: str) -> bool:
        """Whether a request with this Authorization header may go on."""
        if (given := _credentials(authorization)) is None:
            return False
        user, password = given
        hashed = self._users.get(user)
        # A keyed hash is kept: memory holds no password, and the time of a look-up says nothing of one.
        told = b"\0".join((user.encode(), (hashed or "").encode(), password))
        mark = hashlib.blake2b(told, key=self._key).digest()
        with self._remembering:
            known = self._known.get(mark)
        if known is None:
            known = self._matches(password, hashed or self._nobody) and hashed is not None
            self._remember(mark, known)
        return known

    @property
    def _nobody(self) -> str:
        """A hash that no password has, as dear as a user's: an unknown name takes as long as a known one."""
        return f"{next(iter(self._users.values()))[:7]}{'.' * 53}"

    def _matches(self, password: bytes, hashed: str) -> bool:
        import bcrypt

        # bcrypt itself ends at 72 bytes and at a NUL; the library refuses such passwords.
        with self._hashing:  # one at a time: guessing must not take the machine
            try:
                return bcrypt.checkpw(password, hashed.encode())
            except ValueError:
                return False

    def _remember(self, mark: bytes, known: bool) -> None:
        with self._remembering:
            self._known[mark] = known
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        user, colon, password = decoded.partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
