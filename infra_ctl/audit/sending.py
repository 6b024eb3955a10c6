"""The three ways out: JSON over HTTP, mail, alerts. What does not arrive is an UntoldError in one line."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any

from infra_ctl.errors import UntoldError
from infra_ctl.inventory.audits import Tls

PATIENCE = 10.0
"""Seconds for a connection, and for an answer."""
AGAIN = 2
"""How often a request is made again at once; later ones are the next audit's."""
BUSY = (429, 502, 503, 504)
"""Answers after which it is."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how one logs in to it; without a user, nobody does."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = ""
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Where a request goes: an address, the name on its certificate where that is another, and a login."""

    url: str
    authority: str | None = None
    server_name: str | None = None
    user: str = ""
    password: str = ""


def signature(body: bytes, secret: str) -> str:
    """What a receiver computes too, and compares."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post_news(site: Site, text: str, id: str, secret: str) -> None:  # noqa: A002 - what it is
    """News as JSON; the id is the same however often it comes. Raises UntoldError."""
    body = text.encode()
    signed = {"X-Infra-Ctl-Signature": signature(body, secret)} if secret else {}
    _post(site, body, {"Idempotency-Key": id, **signed})


def post_alerts(site: Site, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Alerts by Alertmanager's API, version 2. Raises UntoldError."""
    _post(Site(f"{site.url.rstrip('/')}/api/v2/alerts", *_rest(site)), json.dumps(alerts).encode(), {})


def mail(server: Server, letter: Message) -> None:
    """A letter to all that it names. Raises UntoldError, also where one of them is refused."""
    try:
        with _connected(server) as smtp:
            if server.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context(cafile=server.authority))
            if server.user:
                smtp.login(server.user, server.password)
            refused = smtp.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise UntoldError(_mail_cause(error)) from error
    except UnicodeError as error:  # of what is said when one logs in, or of a name
        raise UntoldError("its user, its password or a name is not ASCII") from error
    if refused:
        raise PartlyToldError(f"refused: {', '.join(sorted(refused))}")


class PartlyToldError(UntoldError):
    """Some got the letter: it is not sent again."""


def _connected(server: Server) -> smtplib.SMTP:
    if server.tls == "tls":
        context = ssl.create_default_context(cafile=server.authority)
        return smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=PATIENCE)


def _mail_cause(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return f"every address was refused: {code} {_line(words)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server says {error.smtp_code} {_line(error.smtp_error)}"
    return _certificate_cause(error) or str(error) or type(error).__name__


def _line(words: bytes | str) -> str:
    """The first line of an answer."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return (text.splitlines() or [""])[0]


def _rest(site: Site) -> tuple[str | None, str | None, str, str]:
    return site.authority, site.server_name, site.user, site.password


def _post(site: Site, body: bytes, headers: Mapping[str, str]) -> None:
    """A request that is made again where the far end is busy or cannot be reached. Raises UntoldError.

    A redirection is not gone after: what is told is told to whom the inventory names. No error quotes the
    address, which may be a secret.
    """
    from urllib3 import PoolManager, Retry, Timeout
    from urllib3.exceptions import HTTPError

    if not site.url.startswith(("http://", "https://")):
        raise UntoldError("its address is none over HTTP")
    # Of each request that it makes again it would say where that goes.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    retries = Retry(
        AGAIN, redirect=False, status_forcelist=BUSY, allowed_methods=None, backoff_factor=0.2,
        raise_on_status=False, respect_retry_after_header=False,
    )  # fmt: skip
    said = {"Content-Type": "application/json", "User-Agent": "infra-ctl", **_login(site), **headers}
    with _pool(PoolManager, site) as pool:
        try:
            answer = pool.request(
                "POST",
                site.url,
                body=body,
                headers=said,
                retries=retries,
                timeout=Timeout(PATIENCE),
                redirect=False,
            )
        except HTTPError as error:
            raise UntoldError(_cause(error)) from error
        except (OSError, ValueError) as error:
            raise UntoldError(f"cannot be asked: {type(error).__name__}") from error
    if not 200 <= answer.status < 300:
        raise UntoldError(f"answered {answer.status}")


def _pool(manager: Any, site: Site) -> Any:
    """Raises UntoldError where the authority's file cannot be read."""
    if not site.url.startswith("https://"):
        return manager()
    try:
        context = ssl.create_default_context(cafile=site.authority)
    except OSError as error:
        raise UntoldError(f"{site.authority}: {error.strerror or error}") from error
    names = {"server_hostname": site.server_name}
    return manager(ssl_context=context, **(names if site.server_name else {}))


def _login(site: Site) -> Mapping[str, str]:
    if not site.user:
        return {}
    login = base64.b64encode(f"{site.user}:{site.password}".encode()).decode()
    return {"Authorization": f"Basic {login}"}


def _cause(error: Exception) -> str:
    """What was against it, without where it was: `Connection refused`."""
    from urllib3.exceptions import NameResolutionError

    reason = getattr(error, "reason", None) or error
    if isinstance(reason, NameResolutionError):
        return "its name is not known"
    inner = reason.args[0] if reason.args else reason
    if cause := _certificate_cause(inner):
        return cause
    words = str(reason).rpartition(": ")[2].strip("()'\" ") or type(reason).__name__
    return words[:200]


def _certificate_cause(error: object) -> str:
    """What is wrong with who is there; empty where that is not it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    return ""
