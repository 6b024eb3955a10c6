"""The three ways out, to real servers on the loopback: what arrives, and what is said where it does not."""

from __future__ import annotations

import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest

from infra_ctl.audit.letter import letter as written
from infra_ctl.audit.sending import (
    PartlyToldError,
    Server,
    Site,
    mail,
    post_alerts,
    post_news,
)
from infra_ctl.errors import UntoldError
from infra_ctl.outcome import Verdict
from tests.unit.audit.receiving import Mailbox, mailbox, receiver
from tests.unit.audit.telling import told
from tests.unit.exporters.certificates import Authority


def letter(*to: str) -> Message:
    found = told((Verdict.PASS, Verdict.FAIL), (Verdict.FAIL, Verdict.PASS))
    return written(found, "Thành phố Cần Thơ", "vi", "a.b@cantho.example", "kiem-tra@cantho.example", to)


def plain(box: Mailbox) -> Server:
    return Server("127.0.0.1", box.port, "none")


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that is somebody's, who does not listen at it: it is nobody else's meanwhile."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_news_arrive_signed_and_named() -> None:
    with receiver() as there:
        post_news(Site(f"{there.url}/hook"), '{"city":"Cần Thơ"}', "A1/soc", "s3cret")
    ((path, headers, body),) = there.got
    assert (path, json.loads(body)) == ("/hook", {"city": "Cần Thơ"})
    assert headers["idempotency-key"] == "A1/soc"
    assert headers["content-type"] == "application/json"
    assert headers["x-infra-ctl-signature"] == f"sha256={hmac.new(b's3cret', body, 'sha256').hexdigest()}"


def test_without_a_secret_nothing_is_signed() -> None:
    with receiver() as there:
        post_news(Site(there.url), "{}", "A1/soc", "")
    assert "x-infra-ctl-signature" not in there.got[0][1]


def test_who_is_busy_is_asked_again_with_the_same() -> None:
    with receiver(503, 429) as there:
        post_news(Site(there.url), "{}", "A1/soc", "")
    assert [headers["idempotency-key"] for _, headers, _ in there.got] == ["A1/soc"] * 3


@pytest.mark.parametrize(
    ("answers", "said"), [([404], "answered 404"), ([503] * 3, "answered 503"), ([302], "answered 302")]
)
def test_an_answer_that_is_none_is_said(
    answers: list[int], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirection too: nobody goes after it."""
    with receiver(*answers) as there, pytest.raises(UntoldError) as caught:
        post_news(Site(f"{there.url}/very-secret"), "{}", "A1/soc", "")
    assert str(caught.value) == said
    assert len(there.got) == len(answers)
    assert "secret" not in caplog.text


def test_who_is_not_there_is_said_without_where(nowhere: str) -> None:
    with pytest.raises(UntoldError) as caught:
        post_news(Site(f"http://{nowhere}/very-secret"), "{}", "A1/soc", "")
    assert str(caught.value) == "[Errno 111] Connection refused"


@pytest.mark.parametrize("url", ["http://[::1", "http://a b/", "notaurl"])
def test_an_address_out_of_the_vault_that_is_none_is_said_without_it(url: str) -> None:
    with pytest.raises(UntoldError) as caught:
        post_news(Site(url), "{}", "A1/soc", "")
    assert url not in str(caught.value)


def test_who_has_a_certificate_is_believed_by_who_signed_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("soc", "dns:soc.cantho.example")
    with receiver(tls=(str(signed.certificate), str(signed.key))) as there:
        post_news(Site(there.url, str(authority.file), "soc.cantho.example"), "{}", "A1/soc", "")
        with pytest.raises(UntoldError, match=r"^its certificate: unable to get local issuer certificate"):
            post_news(Site(there.url, None, "soc.cantho.example"), "{}", "A1/soc", "")
        with pytest.raises(UntoldError, match=r"^its certificate: Hostname mismatch"):
            post_news(Site(there.url, str(authority.file), "am.cantho.example"), "{}", "A1/soc", "")
        with pytest.raises(UntoldError, match=r"nowhere\.pem: No such file"):
            post_news(Site(there.url, str(tmp_path / "nowhere.pem")), "{}", "A1/soc", "")
    assert len(there.got) == 1


def test_alerts_go_to_the_api_with_a_login() -> None:
    with receiver() as there:
        post_alerts(Site(f"{there.url}/", None, None, "prometheus", "pässword"), [{"labels": {}}])
    ((path, headers, body),) = there.got
    assert (path, json.loads(body)) == ("/api/v2/alerts", [{"labels": {}}])
    assert headers["authorization"] == "Basic cHJvbWV0aGV1czpww6Rzc3dvcmQ="


def test_a_letter_arrives_with_every_diacritic() -> None:
    with mailbox() as there:
        mail(plain(there), letter("an-toan@cantho.example", "soc@cantho.example"))
    (got,) = there.letters
    assert there.to == [["an-toan@cantho.example", "soc@cantho.example"]]
    assert got["Subject"] == "[Thành phố Cần Thơ] Kiểm tra tuân thủ weekly: 1 phát sinh mới, 1 đã khắc phục"
    assert "\nĐã khắc phục (1)\n\n- LOG-03 dc-2: Thời gian lưu nhật ký [cao; đạt]\n" in got.get_content()
    assert got["Message-ID"] == "<a.b@cantho.example>"
    assert got["Date"].datetime == datetime(2026, 11, 21, 18, 42, tzinfo=UTC)


def test_a_letter_goes_encrypted_and_with_a_login(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("mail", "ip:127.0.0.1")
    with mailbox((str(signed.certificate), str(signed.key))) as there:
        server = Server(
            "127.0.0.1", there.port, "starttls", "infra@cantho.example", "s3cret", str(authority.file)
        )
        mail(server, letter("an-toan@cantho.example"))
        wrong = Server(
            "127.0.0.1", there.port, "starttls", "infra@cantho.example", "wrong", str(authority.file)
        )
        with pytest.raises(UntoldError, match=r"^the mail server says 535 "):
            mail(wrong, letter("an-toan@cantho.example"))
        accented = Server(
            "127.0.0.1", there.port, "starttls", "infra@cantho.example", "mật khẩu", str(authority.file)
        )
        with pytest.raises(UntoldError, match=r"^its user, its password or a name is not ASCII$"):
            mail(accented, letter("an-toan@cantho.example"))
        with pytest.raises(UntoldError, match=r"^its certificate: unable to get local issuer certificate"):
            mail(Server("127.0.0.1", there.port, "starttls"), letter("an-toan@cantho.example"))
        with pytest.raises(
            UntoldError, match=r"^the mail server says 530 Must issue a STARTTLS command first"
        ):
            mail(plain(there), letter("an-toan@cantho.example"))
    assert there.logins[0] == (b"infra@cantho.example", b"s3cret")
    assert len(there.letters) == 1


def test_one_address_of_two_that_is_refused_is_said_and_the_other_got_it() -> None:
    with mailbox() as there:
        there.refuses = frozenset({"gone@cantho.example"})
        with pytest.raises(PartlyToldError, match=r"^refused: gone@cantho\.example$"):
            mail(plain(there), letter("gone@cantho.example", "soc@cantho.example"))
        assert there.to == [["soc@cantho.example"]]
        with pytest.raises(
            UntoldError, match=r"^every address was refused: 550 5\.1\.1 nobody of that name$"
        ):
            mail(plain(there), letter("gone@cantho.example"))


def test_a_mail_server_that_is_busy_or_gone_is_said(nowhere: str) -> None:
    with mailbox() as there:
        there.busy = True
        with pytest.raises(UntoldError, match=r"^the mail server says 451 4\.3\.2 come again later$"):
            mail(plain(there), letter("soc@cantho.example"))
    host, _, port = nowhere.partition(":")
    with pytest.raises(UntoldError, match="Connection refused"):
        mail(Server(host, int(port), "none"), letter("soc@cantho.example"))
