"""What a simulated device keeps between two sessions, as its file holds it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from infra_ctl.drivers.base import TakenBack


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Commit(_Stored):
    """An armed timer: when it fires (seconds of the fleet's clock), and what it brings back."""

    token: str
    deadline: float
    running: str
    startup: str


class Lease(_Stored):
    token: str
    owner: str
    until: float


class Record(_Stored):
    """What a device keeps; `confirmed` is the token of the commit that it kept last."""

    running: str
    startup: str
    commit: Commit | None = None
    confirmed: str = ""
    taken_back: TakenBack | None = None
    lease: Lease | None = None
    fence: int = 0

    def reverted(self, by: Literal["timer", "restart"] | None = None) -> Record:
        """As it was before the pending commit; `by` what made the device do so itself."""
        if self.commit is None:
            return self
        old: dict[str, object] = {
            "running": self.commit.running,
            "startup": self.commit.startup,
            "commit": None,
        }
        if by:
            old["taken_back"] = TakenBack(self.commit.token, by)
        return self.model_copy(update=old)
