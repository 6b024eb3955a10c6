"""What a failure to connect means, and which host keys are trusted. Sessions are tested live."""

from __future__ import annotations

import errno
import inspect
import socket
from pathlib import Path

import paramiko
import pytest
from paramiko import ssh_exception

from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.known_hosts import pinned_keys
from infra_ctl.drivers.ssh import SshRunner, connect_error
from infra_ctl.errors import CredentialsError, HostKeyError, UnreachableError

KEY = paramiko.RSAKey.generate(1024)
LINE = f"{KEY.get_name()} {KEY.get_base64()}"

SAMPLES = {
    ssh_exception.BadHostKeyException: ("r1", KEY, KEY),
    ssh_exception.BadAuthenticationType: ("no", ["publickey"]),
    ssh_exception.PartialAuthentication: (["password"],),
    ssh_exception.ChannelException: (1, "no"),
    ssh_exception.ProxyCommandFailure: ("ncat", 1),
    ssh_exception.NoValidConnectionsError: ({("10.0.0.1", 22): OSError()},),
    ssh_exception.CouldNotCanonicalize: ("no",),
}


def every_library_error():
    found = [
        each for _, each in inspect.getmembers(ssh_exception, inspect.isclass) if issubclass(each, Exception)
    ]
    of_the_network = [
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        TimeoutError("timed out"),
    ]
    of_names = [socket.gaierror(-2, "Name or service not known")]
    return [each(*SAMPLES.get(each, ("no",))) for each in found] + of_the_network + of_names + [EOFError()]


@pytest.mark.parametrize("error", every_library_error(), ids=lambda error: type(error).__name__)
def test_every_error_of_the_library_has_a_meaning(error):
    expected = UnreachableError
    if isinstance(error, ssh_exception.AuthenticationException):
        expected = CredentialsError
    if isinstance(error, ssh_exception.BadHostKeyException):
        expected = HostKeyError
    meant = connect_error("r1", error)
    assert type(meant) is expected
    assert meant.device == "r1"
    assert meant.cause


def connection(tmp_path: Path, text: str, **more) -> Connection:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(text)
    return Connection("r1", more.pop("address", "10.0.0.1"), "root", known_hosts, **more)


@pytest.mark.parametrize(
    ("names", "port"),
    [
        ("10.0.0.1", 22),
        ("r1,10.0.0.1", 22),
        ("[10.0.0.1]:2222", 2222),
        (paramiko.HostKeys.hash_host("10.0.0.1"), 22),
    ],
    ids=["one name", "one of several", "another port", "hashed"],
)
def test_a_pinned_key_is_found(tmp_path, names, port):
    text = f"# pinned by hand\n\n10.0.0.2 ssh-ed25519 AAAA\n{names} {LINE}\n"
    assert pinned_keys(connection(tmp_path, text, port=port)) == [KEY]


@pytest.mark.parametrize(
    "text",
    ["", f"10.0.0.2 {LINE}\n", f"@revoked 10.0.0.1 {LINE}\n", f"10.0.0.11 {LINE}\n"],
    ids=["nothing", "another host", "a revoked key", "a longer name"],
)
def test_a_host_without_a_pinned_key_is_not_even_called(tmp_path, text):
    with pytest.raises(HostKeyError, match=r"no host key of 10\.0\.0\.1"):
        SshRunner.connect(connection(tmp_path, text))


@pytest.mark.parametrize(
    "bad",
    [
        "10.0.0.1 ssh-rsa AAAA",
        "10.0.0.1 ssh-rsa A",
        "10.0.0.1 ssh-ed25519 AAAA",
        f"10.0.0.1 ssh-ed25519 {KEY.get_base64()[:40]}",
    ],
    ids=["too short", "no base64", "another type", "cut off"],
)
def test_a_pinned_line_that_is_no_key_is_named(tmp_path, bad):
    with pytest.raises(HostKeyError) as raised:
        pinned_keys(connection(tmp_path, f"# by hand\n{bad}\n"))
    assert str(raised.value) == f"r1: {tmp_path}/known_hosts, line 2: this is no host key"


def test_known_hosts_that_is_no_text_is_named(tmp_path):
    where = connection(tmp_path, "")
    where.known_hosts.write_bytes(b"10.0.0.1 \xff\xfe\n")
    with pytest.raises(HostKeyError, match="known_hosts is not UTF-8 text"):
        pinned_keys(where)


def test_a_hashed_name_that_is_none_is_of_nobody(tmp_path):
    assert pinned_keys(connection(tmp_path, f"|1|short|x {LINE}\n10.0.0.1 {LINE}\n")) == [KEY]


def test_without_known_hosts_there_is_no_connection(tmp_path):
    where = connection(tmp_path, "")
    where.known_hosts.unlink()
    with pytest.raises(HostKeyError, match="cannot read"):
        SshRunner.connect(where)


def test_a_missing_key_file_is_a_matter_of_credentials(tmp_path):
    with pytest.raises(CredentialsError, match="no key file"):
        SshRunner.connect(connection(tmp_path, f"10.0.0.1 {LINE}\n", key_file=tmp_path / "nowhere"))


def test_nobody_listens(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    where = connection(tmp_path, f"[127.0.0.1]:{port} {LINE}\n", address="127.0.0.1", port=port)
    with pytest.raises(UnreachableError, match="refused"):
        SshRunner.connect(where)


def test_who_does_not_speak_ssh(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        where = connection(
            tmp_path, f"[127.0.0.1]:{port} {LINE}\n", address="127.0.0.1", port=port, timeout=0.3
        )
        with pytest.raises(UnreachableError):
            SshRunner.connect(where)


def test_a_password_is_not_shown(tmp_path):
    assert "hunter2" not in repr(connection(tmp_path, "", password="hunter2"))
