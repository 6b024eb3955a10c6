"""What the procedure `survey` found on machines: the rows that it leaves in var/survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from infra_ctl.errors import UnusableError

FILE = "survey.json"


def _day(value: object) -> object:
    """A day, or nothing where the machine could not tell."""
    return value if isinstance(value, str) and value[:1].isdigit() else None


Day = Annotated[date | None, BeforeValidator(_day)]


class Machine(BaseModel):
    """One machine; all but its name and state is missing where it was not reached."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    state: str
    model: str = ""
    serial: str = ""
    installed: Day = None
    processors: int = 0
    memory_mb: int = 0
    disk_gb: int = 0
    disk_free_percent: int = 0
    os: str = ""
    frr: str = ""
    supported_until: Day = None
    ipv6_default: bool = False

    @property
    def is_reached(self) -> bool:
        return self.state == "surveyed"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The last survey; without one there are no machines and no time."""

    at: datetime | None = None
    """UTC, without a zone."""
    machines: Mapping[str, Machine] = field(default_factory=dict)


_ROWS = TypeAdapter(list[Machine])


def surveyed(var: Path) -> Surveyed:
    """Raises UnusableError where the file is not what the procedure writes."""
    path = var / "survey" / FILE
    try:
        rows = _ROWS.validate_json(path.read_bytes())
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    except FileNotFoundError:
        return Surveyed()
    except (OSError, ValidationError) as error:
        said = str(error).splitlines()[0]
        raise UnusableError(f"{path} is not what the procedure survey writes: {said}") from error
    return Surveyed(at, {row.name: row for row in rows})
