"""What a check answers: never a bare bool, always with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """PASS it holds, FAIL it does not, ERROR it could not be judged, SKIP it does not apply.

    WAIVED it does not hold, and somebody who may has said that it need not.
    """

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check of one object, with what was seen."""

    check: str
    object: str
    verdict: Verdict
    message: str

    def __str__(self) -> str:
        return f"{self.verdict.upper()} {self.check} {self.object}: {self.message}"
