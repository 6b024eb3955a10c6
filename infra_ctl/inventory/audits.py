"""Which audits run by themselves, when, and who is told what is new in them: audits.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from infra_ctl.inventory.fields import (
    AbsolutePath,
    Email,
    HostPort,
    SecretReference,
    Slug,
    Text,
    Url,
    WebHook,
)
from infra_ctl.inventory.kinds import Language
from infra_ctl.inventory.strict import Model


def _calendar(value: str) -> str:
    """Five fields as cron has them; a sixth, of seconds, is for nobody's audit."""
    from datetime import datetime

    from cronsim import CronSim, CronSimError

    fields = value.split()
    if len(fields) != 5:
        raise ValueError("must have five fields, such as 0 6 * * mon: minute, hour, day, month, day of week")
    try:
        next(CronSim(value, datetime(2000, 1, 1)))
    except CronSimError as error:
        raise ValueError(f"is no calendar: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError("never comes") from None
    return value


Calendar: TypeAlias = Annotated[str, Field(max_length=100), AfterValidator(_calendar)]
"""As in a crontab, on the clock of the city: `0 6 * * mon`."""
Tls: TypeAlias = Literal["starttls", "tls", "none"]


class ScheduledAudit(Model):
    """An audit that runs by itself: when, of what, by which laws, and who is told."""

    calendar: Calendar
    laws: tuple[Slug, ...]
    where: Text = ""
    """A selector, as the command takes it; everything where nothing is said."""
    notify: tuple[Slug, ...] = ()


class Hook(Model):
    """Who takes news as JSON over HTTP; with a secret, each is signed (HMAC-SHA256)."""

    url: WebHook
    secret: SecretReference | None = None


class Letter(Model):
    """Who is written to; without a server of its own, by the one in monitoring.yaml."""

    to: tuple[Email, ...]
    smarthost: HostPort | None = None
    sender: Email | None = None
    user: Email | None = None
    secret: SecretReference | None = None
    tls: Tls = "starttls"


class Alerts(Model):
    """Alertmanagers that are told; without an address, those of the inventory's own monitoring."""

    urls: tuple[Url, ...] = ()
    user: Slug | None = None
    secret: SecretReference | None = None


class Addressee(Model):
    """Somebody, or something, that is told in one way."""

    webhook: Hook | None = None
    mail: Letter | None = None
    alertmanager: Alerts | None = None
    language: Language = "vi"
    authority: AbsolutePath | None = None
    """Who has signed the certificate of where it goes; those that the system knows where nothing is said."""


class Schedule(Model):
    """audits.yaml; an inventory without it audits nothing by itself."""

    audits: Mapping[Slug, ScheduledAudit] = {}
    notify: Mapping[Slug, Addressee] = {}
