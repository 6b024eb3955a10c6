"""The web configuration file of the exporter-toolkit: honoured whole, or refused by a line that says what."""

from __future__ import annotations

import base64
import socket
import ssl
from pathlib import Path

import bcrypt
import pytest

from exporters.serving import webfile
from exporters.serving.passwords import MOST_REMEMBERED, Passwords
from exporters.serving.protection import Bucket, FileProtection
from infra_ctl.errors import UnusableError
from tests.unit.exporters.certificates import Authority
from tests.unit.exporters.conftest import Serve

HASH = bcrypt.hashpw(b"s3cret", bcrypt.gensalt(4)).decode()
TLS = "tls_server_config: {cert_file: localhost.crt, key_file: localhost.key"


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("certificates"))
    made.sign("localhost", "dns:localhost")
    made.sign("other", "dns:other")
    return made


@pytest.fixture
def folder(authority: Authority, tmp_path: Path) -> Path:
    """A folder with certificates, beside which a web configuration can stand."""
    for file in authority.file.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def shown(port: int, authority: Authority) -> bytes | None:
    """The certificate that a server shows."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=60)
    with authority.client().wrap_socket(plain, server_hostname="localhost") as connection:
        return connection.getpeercert(binary_form=True)


def written(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tls_server_conf: {}", "unknown key 'tls_server_conf' (did you mean 'tls_server_config'?)"),
        ("tls_server_config: {cert_file: localhost.crt}", "key_file is missing"),
        ("tls_server_config: {}", "cert_file is missing"),
        ("tls_server_config: {cert_file: gone.crt, key_file: localhost.key}", "gone.crt: cannot be read"),
        ("tls_server_config: {cert_file: localhost.crt, key_file: other.key}", "key values mismatch"),
        ("tls_server_config: {cert_file: web.yml, key_file: localhost.key}", "certificate and key"),
        (TLS + ", cert: x}", "cert and cert_file exclude each other"),
        (TLS + ", client_auth_type: RequireAnyClientCert}", "Python's TLS cannot"),
        (TLS + ", client_auth_type: RequestClientCert}", "Python's TLS cannot"),
        (TLS + ", client_auth_type: Whatever}", "'Whatever' is not a choice here"),
        (TLS + ", client_ca_file: ca.crt}", "needs a client_auth_type"),
        (TLS + ", client_ca_file: web.yml, client_auth_type: RequireAndVerifyClientCert}", "client_ca"),
        (TLS + ", client_allowed_sans: [a]}", "needs RequireAndVerifyClientCert"),
        (TLS + ", client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [a]}", "needs Require"),
        (TLS + ", min_version: TLS13, max_version: TLS12}", "TLS13 is above TLS12"),
        (TLS + ", min_version: SSL30}", "'SSL30' is not a choice here"),
        (TLS + ", cipher_suites: [TLS_AES_128_GCM_SHA256]}", "those of TLS 1.3 cannot be chosen"),
        (TLS + ", cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}", "is unknown: TLS_ECDHE_ECDSA"),
        (TLS + ", curve_preferences: [X25519, CurveP256]}", "takes one curve"),
        (TLS + ", curve_preferences: [P256]}", "is unknown: CurveP256"),
        ("http_server_config: {http2: true}", "this server speaks HTTP/1.1"),
        ("http_server_config: {headers: {X-Powered-By: us}}", "is not a choice here"),
        ("http_server_config: {headers: {X-Frame-Options: maybe}}", "'maybe' is no value of X-Frame-Options"),
        (
            'http_server_config: {headers: {X-XSS-Protection: "a\\r\\nB: c"}}',
            "is no value of X-XSS-Protection",
        ),
        ("basic_auth_users: {alice: s3cret}", "what is written for 'alice' is no bcrypt hash"),
        ("rate_limit: {interval: soon}", "'soon' is no duration"),
        ("basic_auth_users: {a: b, a: c}", "'a' is written twice"),
        ("basic_auth_users: [", "is not YAML"),
        ("a: &b 1", "anchor"),
    ],
)
def test_a_bad_file_is_refused_with_one_line_and_no_secret(folder: Path, text: str, words: str) -> None:
    with pytest.raises(UnusableError) as refused:
        FileProtection(written(folder, text), print)
    said = str(refused.value)
    assert words in said
    assert said.startswith(str(folder))
    assert len(said.splitlines()) == 1
    assert "s3cret" not in said


def test_a_file_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(UnusableError, match=r"nothing\.yml: cannot be read: No such file"):
        FileProtection(folder / "nothing.yml", print)


def test_everything_that_python_can_is_taken(folder: Path, authority: Authority) -> None:
    pem = {name: (folder / name).read_text() for name in ("localhost.crt", "localhost.key", "ca.crt")}
    inline = {name: "\n".join(f"    {line}" for line in text.splitlines()) for name, text in pem.items()}
    text = f"""
tls_server_config:
  cert: |
{inline["localhost.crt"]}
  key: |
{inline["localhost.key"]}
  client_ca: |
{inline["ca.crt"]}
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [localhost]
  min_version: TLS12
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP384]
http_server_config: {{http2: false, headers: {{X-Frame-Options: deny, X-XSS-Protection: ""}}}}
basic_auth_users: {{alice: "{HASH}"}}
rate_limit: {{interval: 1m1.5s, burst: 3}}
"""
    found = webfile.read(written(folder, text))
    assert (found.headers, found.interval, found.burst) == ({"X-Frame-Options": "deny"}, 61.5, 3)
    context = FileProtection(folder / "web.yml", print).guard().context
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in [cipher["name"] for cipher in context.get_ciphers()]
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" not in [cipher["name"] for cipher in context.get_ciphers()]


def test_a_password_is_asked_of_every_path(serve_fake: Serve, folder: Path) -> None:
    text = (
        f'basic_auth_users: {{alice: "{HASH}"}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}'
    )
    served = serve_fake(written(folder, text))
    for path in ("/", "/metrics", "/-/healthy", "/nothing"):
        answer = served.get(path)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Basic")
        assert answer.headers["x-frame-options"] == "deny"
    assert served.get("/metrics", Authorization=basic("alice", "s3cret")).status == 200
    for wrong in (
        basic("alice", "secret"),
        basic("bob", "s3cret"),
        basic("alice", "s3cret\0"),
        basic("alice", "s3cret" + "x" * 100),
        "Basic alice",
        "Bearer s3cret",
    ):
        assert served.get("/metrics", Authorization=wrong).status == 401


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of every hash that is made: what it costs."""
    made: list[int] = []
    real = bcrypt.checkpw

    def counted(password: bytes, against: bytes) -> bool:
        made.append(2 ** int(against[4:6]))
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    return made


def test_a_password_is_hashed_once(rounds: list[int]) -> None:
    passwords = Passwords({"alice": HASH})
    assert [passwords.lets_in(basic("alice", "s3cret")) for _ in range(3)] == [True] * 3
    assert [passwords.lets_in(basic("bob", "s3cret")) for _ in range(3)] == [False] * 3
    assert rounds == [16, 16]


def test_a_wrong_password_takes_as_long_whoever_is_named(rounds: list[int]) -> None:
    dear = bcrypt.hashpw(b"d3ar", bcrypt.gensalt(7)).decode()
    for name in ("nobody", "alice", "dear"):
        assert not Passwords({"alice": HASH, "dear": dear}).lets_in(basic(name, "guess"))
        assert sum(rounds) == 128
        rounds.clear()


def test_guesses_do_not_push_out_who_is_known(rounds: list[int]) -> None:
    passwords = Passwords({"alice": HASH})
    assert passwords.lets_in(basic("alice", "s3cret"))
    for number in range(MOST_REMEMBERED + 1):
        passwords.lets_in(basic("alice", f"guess{number}"))
    rounds.clear()
    assert passwords.lets_in(basic("alice", "s3cret"))
    assert rounds == []
    assert not passwords.lets_in(basic("alice", "guess0"))
    assert rounds == [16]  # the oldest guess is forgotten: they are bounded


def test_a_client_needs_a_certificate_that_is_signed_and_named(
    serve_fake: Serve, folder: Path, authority: Authority
) -> None:
    mutual = ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt"
    sans = ", client_allowed_sans: [prometheus.example, 'spiffe://city/prometheus', 2001:db8::1]}"
    served = serve_fake(written(folder, TLS + mutual + sans))
    stranger = Authority(folder, "stranger").sign("stranger-client", "dns:prometheus.example")
    for number, san in enumerate(
        ("dns:prometheus.example", "uri:spiffe://city/prometheus", "ip:2001:db8::1")
    ):
        wanted = authority.client(authority.sign(f"client{number}", "dns:whatever.example", san))
        assert served.send(b"GET /-/healthy HTTP/1.0\r\n\r\n", wanted).status == 200
    for unwanted in (
        authority.client(),
        authority.client(authority.sign("named-otherwise", "dns:grafana.example")),
        authority.client(stranger),
    ):
        with pytest.raises(OSError):  # noqa: PT011 - reset, closed or an alert: as TLS's version has it
            served.send(b"GET /-/healthy HTTP/1.0\r\n\r\n", unwanted)


def test_plain_http_to_a_port_of_tls_is_told_so(serve_fake: Serve, folder: Path) -> None:
    answer = serve_fake(written(folder, TLS + "}")).get("/metrics")
    assert (answer.status, answer.text) == (400, "this port speaks https only\n")


def test_a_silent_client_holds_up_no_other(serve_fake: Serve, folder: Path, authority: Authority) -> None:
    served = serve_fake(written(folder, TLS + "}"), context=authority.client())
    with socket.create_connection(("127.0.0.1", served.port)):
        assert served.get("/-/healthy").status == 200


def test_a_new_certificate_is_shown_at_once_and_a_bad_one_never(
    serve_fake: Serve, folder: Path, authority: Authority
) -> None:
    served = serve_fake(written(folder, TLS + "}"), context=authority.client())
    before = shown(served.port, authority)
    (folder / "localhost.crt").write_bytes(b"half a certif")
    assert shown(served.port, authority) == before
    assert shown(served.port, authority) == before
    assert len(served.said) == 1
    assert "the web configuration before it stays" in served.said[0]
    fresh = Authority(folder, "ca2")
    signed = fresh.sign("localhost", "dns:localhost")
    assert signed.certificate == folder / "localhost.crt"
    assert shown(served.port, fresh) != before


@pytest.mark.parametrize("text", ["", "basic_auth_users: {}", TLS + "}"])
def test_what_protects_is_not_taken_away_under_way(serve_fake: Serve, folder: Path, text: str) -> None:
    path = written(folder, f'basic_auth_users: {{alice: "{HASH}"}}')
    served = serve_fake(path)
    written(folder, text)
    assert served.get("/metrics").status == 401
    assert "by a restart only" in served.said[0]
    written(folder, f'basic_auth_users: {{bob: "{HASH}"}}')
    assert served.get("/metrics", Authorization=basic("bob", "s3cret")).status == 200
    assert served.get("/metrics", Authorization=basic("alice", "s3cret")).status == 401


def test_an_empty_file_asks_for_nothing(serve_fake: Serve, folder: Path) -> None:
    assert serve_fake(written(folder, "# nothing yet\n")).get("/metrics").status == 200


def test_a_bucket_takes_a_burst_and_then_one_an_interval() -> None:
    now = [0.0]
    bucket = Bucket(2.0, 3, lambda: now[0])
    assert [bucket.takes() for _ in range(4)] == [True, True, True, False]
    now[0] = 2.0
    assert [bucket.takes() for _ in range(2)] == [True, False]
    now[0] = 1000.0
    assert [bucket.takes() for _ in range(4)] == [True, True, True, False]


def test_too_many_requests_are_to_come_again(serve_fake: Serve, folder: Path) -> None:
    served = serve_fake(written(folder, "rate_limit: {interval: 1h, burst: 1}"))
    assert [served.get("/-/healthy").status for _ in range(2)] == [200, 429]
