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
"""Wrong passwords; right ones are no more than there are users."""


class Passwords:
    """Who may come in. Safe to use from several threads."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._dearest = max(map(_cost, users.values()))
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
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
        if (known := self._remembered(mark)) is None:
            with self._hashing:  # one at a time: guessing must not take the machine
                known = self._is_right(password, hashed)
            self._remember(mark, known)
        return known

    def _is_right(self, password: bytes, hashed: str | None) -> bool:
        """No takes equally long whoever was named: what a user's hash costs less is made up for.

        A cost is twice the one below it: those of 4, 4, 5 and 6 together take as long as one of 7.
        """
        if hashed is not None and _matches(password, hashed):
            return True
        costs = (self._dearest,) if hashed is None else range(_cost(hashed), self._dearest)
        for cost in costs:
            _matches(password, _nobody(cost))
        return False

    def _remembered(self, mark: bytes) -> bool | None:
        with self._remembering:
            if mark in self._wrong:
                self._wrong.move_to_end(mark)
                return False
            return True if mark in self._right else None

    def _remember(self, mark: bytes, known: bool) -> None:
        """Apart from each other: guesses do not push out who is known."""
        with self._remembering:
            if known:
                self._right.add(mark)
                return
            self._wrong[mark] = None
            while len(self._wrong) > MOST_REMEMBERED:
                self._wrong.popitem(last=False)


def _cost(hashed: str) -> int:
    """Of a hash, as in `$2b$10$…`: the power of two of its rounds."""
    return int(hashed[4:6])


def _nobody(cost: int) -> str:
    """A hash that no password has."""
    return f"$2b${cost:02}${'.' * 53}"


def _matches(password: bytes, hashed: str) -> bool:
    import bcrypt

    # bcrypt itself ends at 72 bytes and at a NUL; the library refuses such passwords.
    try:
        return bcrypt.checkpw(password, hashed.encode())
    except ValueError:
        return False


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
