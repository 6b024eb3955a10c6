"""Who is told what, when something is bad, and for how long it is kept: monitoring.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from infra_ctl.inventory.fields import (
    AbsolutePath,
    Bytes,
    Email,
    HostPort,
    Level,
    Ratio,
    Seconds,
    SecretReference,
    Slug,
    Url,
    WebHook,
)
from infra_ctl.inventory.strict import Model

NOBODY = "nobody"
"""A receiver of ours, which is told and tells nothing: no city's is called so."""
VideoClass = Literal["720p", "1080p"]
SnmpExporter = Literal["0.21", "0.23"]
"""Releases in which what it reads changed: from 0.23 on, how to log in stands apart from what is asked."""
LONGEST_INTERVAL = 75
"""Seconds: rates are over five minutes, for which Prometheus remembers a series, and need four samples."""


def _often(value: int) -> int:
    if value > LONGEST_INTERVAL:
        raise ValueError(
            f"is too seldom: a rate over 5m needs 4 samples, one in {LONGEST_INTERVAL}s at least"
        )
    return value


Interval = Annotated[Seconds, Field(ge=1), AfterValidator(_often)]


class Receiver(Model):
    """Somebody who is told; `owners` are the units whose sites and systems are theirs."""

    emails: tuple[Email, ...] = ()
    webhooks: tuple[WebHook, ...] = ()
    """An address, or a `vault:` reference where the address is itself a secret."""
    owners: tuple[Slug, ...] = ()


class MailServer(Model):
    """How mail leaves: without a user, nobody logs in."""

    smarthost: HostPort
    sender: Email
    user: Email | None = None
    secret: SecretReference | None = None
    """Where nothing is said, `vault:monitoring/mail` for a user, and none for nobody."""

    @model_validator(mode="before")
    @classmethod
    def _of_user(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("user") and not values.get("secret"):
            return {**values, "secret": "vault:monitoring/mail"}
        return values


class Web(Model):
    """How the stack's own pages are guarded: TLS, and a password that only its hash is written of."""

    user: Slug = "prometheus"
    secret: SecretReference = "vault:monitoring/web"  # noqa: S105 - a reference
    certificate: AbsolutePath = "/etc/infra-ctl/tls/monitoring.pem"
    key: AbsolutePath = "/etc/infra-ctl/tls/monitoring.key"
    authority: AbsolutePath = "/etc/infra-ctl/tls/monitoring.pem"
    """Who has signed the certificate. Without, itself has; whoever brings a certificate says all three."""


class Intervals(Model):
    """How often is scraped what; short windows of rates go by that of paths."""

    path: Interval = 15
    video: Interval = 30
    state: Interval = 60
    controller: Interval = 30
    node: Interval = 60
    snmp: Interval = 60
    frr: Interval = 60
    blackbox: Interval = 30
    own: Interval = 30
    """Of the stack itself."""

    def of(self, job: str) -> int:
        """Of a job of Prometheus's; the stack's own have one together."""
        each: dict[str, int] = dict(self)
        return each.get(job, self.own)


class Thresholds(Model):
    """From when on something is bad; what a circuit may do is in its contract."""

    load: Ratio = 0.9
    """Of a circuit, at the 95th percentile of seven days: national rule (Circular 06/2026, 5.6)."""
    certificate: Seconds = 14 * 86400
    """What must be left of a certificate's life."""
    backup: Seconds = 26 * 3600
    run: Seconds = 2 * 3600
    """How long a run may be under way."""
    parity: Ratio = 0.05
    """How much more one family may lose than the other."""
    isolated: Ratio = 0.8
    """Of all sites unreachable at once: then it is monitoring that is cut off, not they."""
    disk: Ratio = 0.9
    """Of a host's file system."""
    clock: Seconds = 1
    """How far a host's clock may be off that of its monitoring host."""


class Media(Model):
    """What a room's media path may be in its class of queue, before people notice."""

    loss: Ratio = 0.01
    """Of packets there and back."""
    delay_ms: Annotated[float, Field(gt=0)] = 150
    """One way, as half a round trip."""
    jitter_ms: Annotated[float, Field(ge=0)] = 30
    rating: Annotated[float, Field(ge=0, le=93.2)] = 70
    """R of the E-model, an estimate (ITU-T G.107): below 70 many are dissatisfied."""


class Objectives(Model):
    """What is promised: of a circuit's class, the contract that promises it; of a level, a share of time."""

    circuits: Mapping[Slug, Slug] = {}
    systems: Mapping[Level, Ratio] = {1: 0.99, 2: 0.995, 3: 0.999, 4: 0.9995, 5: 0.9999}


class Monitoring(Model):
    """monitoring.yaml; what is not in it is as here."""

    receivers: Mapping[Slug, Receiver] = {}
    page: Slug | None = None
    """Receiver of what must be looked at now, whoever owns it."""
    ticket: Slug | None = None
    """Receiver of what can wait until the morning and is nobody else's."""
    watchdog: Slug | None = None
    """Receiver of the alert that always fires: it raises the alarm when it is told nothing any more."""
    mail: MailServer | None = None
    web: Web | None = None
    authority: AbsolutePath | None = None
    """Who signs the certificates of systems; while there is nobody, theirs are taken as they are."""
    intervals: Intervals = Intervals()
    thresholds: Thresholds = Thresholds()
    media: Mapping[VideoClass, Media] = {}
    """By class of room; one that is not there has what `Media` says."""
    objectives: Objectives = Objectives()
    snmp_exporter: SnmpExporter = "0.21"
    """The release that snmp.yml is for, or an older one that reads the same: 0.21 is Debian 12's."""
    retention: Annotated[Seconds, Field(ge=86400)] = 400 * 86400
    """A day at least: none would be Prometheus's own fortnight."""
    retention_bytes: Bytes | None = None
    """What Prometheus may use of its disk: the oldest go first, whatever their age."""
    runbooks: Url = "https://docs.cantho.example/runbooks"
    """Where docs/runbooks is published."""
