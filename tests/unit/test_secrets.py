"""Secrets: references, masks, and vault files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra_ctl.errors import SecretError
from infra_ctl.secrets import (
    PASSWORD_FILE,
    held,
    keyed_hash,
    mask,
    open_vault,
    references,
    resolve,
    write_vault,
)

KEY = b"key of this test"
VAULT = {"ospf/key": "sEcr3tKey", "bgp/core": "sEcr3tKeyLonger", "snmp/priv": "hunter2!", "twin": "sEcr3tKey"}
TEXT = """\
interface eth0
 ip ospf message-digest-key 1 md5 vault:ospf/key
exit
router bgp 65000
 neighbor 10.0.0.1 password vault:bgp/core
"""


def test_references_are_named_once_and_sorted() -> None:
    assert references(TEXT + TEXT) == ("bgp/core", "ospf/key")
    assert references("nothing") == ()


def test_references_become_values() -> None:
    resolved = resolve(TEXT, VAULT)
    assert " md5 sEcr3tKey\n" in resolved
    assert " password sEcr3tKeyLonger\n" in resolved
    assert "vault:" not in resolved


def test_all_that_is_missing_is_named_and_no_value() -> None:
    with pytest.raises(SecretError) as caught:
        resolve(TEXT + "x vault:a/b", {"ospf/key": "sEcr3tKey"})
    assert str(caught.value) == "not in the vault: a/b, bgp/core"


def test_masking_undoes_resolving() -> None:
    assert mask(resolve(TEXT, VAULT), VAULT, KEY) == TEXT


def test_masking_twice_changes_nothing() -> None:
    vault = {**VAULT, "short": "vault", "part": "bgp"}
    once = mask(resolve(TEXT, VAULT) + " neighbor 10.0.0.2 password unknown\n", vault, KEY)
    assert mask(once, vault, KEY) == once


PLACES = {
    "BGP": "  neighbor 10.0.0.1 password {}",
    "vty": "password {}",
    "enable": "enable password {}",
    "encrypted": "password 8 {}",
    "OSPF MD5": " ip ospf message-digest-key 1 md5 {}",
    "OSPF simple": " ip ospf authentication-key {}",
    "virtual link": " area 1 virtual-link 10.0.0.1 message-digest-key 1 md5 {}",
    "OSPFv3": " ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key {}",
    "key chain": "  key-string {}",
    "RIP": " ip rip authentication string {}",
    "IS-IS": " isis password md5 {}",
    "IS-IS area": " area-password clear {}",
    "NHRP": " ip nhrp authentication {}",
    "SNMP community": "rocommunity {}",
    "SNMP user": 'createUser monitor SHA "{}" AES "vault:snmp/priv"',
    "a diff": "-  neighbor 10.0.0.1 password {}",
}


@pytest.mark.parametrize("line", PLACES.values(), ids=PLACES)
def test_an_unknown_secret_is_hidden_and_a_changed_one_shows(line: str) -> None:
    one, other = (mask(line.format(value), VAULT, KEY) for value in ("0ne-value", "0ther-value"))
    hidden = f"<secret:{keyed_hash('0ne-value', KEY)[:8]}>"
    assert one == line.format(hidden)
    assert one != other
    assert mask(line.format("0ne-value"), VAULT, b"another key") != one


@pytest.mark.parametrize("line", PLACES.values(), ids=PLACES)
def test_a_known_secret_becomes_its_reference(line: str) -> None:
    assert mask(line.format("sEcr3tKeyLonger"), VAULT, KEY) == line.format("vault:bgp/core")


def test_a_password_may_hold_blanks() -> None:
    masked = mask(" neighbor 10.0.0.1 password two words\nexit\n", {}, KEY)
    assert "words" not in masked
    assert masked.endswith(">\nexit\n")


def test_known_values_are_hidden_wherever_they_stand_the_longest_first() -> None:
    said = 'refused "sEcr3tKeyLonger", sEcr3tKey and hunter2!; sEcr3tKeyed is another word'
    assert mask(said, VAULT, KEY) == (
        'refused "vault:bgp/core", vault:ospf/key and vault:snmp/priv; sEcr3tKeyed is another word'
    )


def test_a_value_that_begins_another_does_not_spoil_it() -> None:
    assert mask("it is key-2", {"a": "key", "b": "key-2"}, KEY) == "it is vault:b"


@pytest.mark.parametrize(
    "line",
    [
        "ip ospf authentication message-digest",
        "neighbor 10.0.0.1 remote-as 65000",
        "ip ospf cost 10",
        "description the password of the day",
        "ipv6 ospf6 authentication keychain OSPF6",
        "service password-encryption",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert mask(line, VAULT, KEY) == line


def test_what_a_device_holds_can_be_put_back() -> None:
    running = resolve(TEXT, VAULT) + " neighbor 192.0.2.1 password by hand\n"
    masked = mask(running, VAULT, KEY)
    assert "by hand" not in masked
    assert resolve(masked, VAULT | held(running, KEY)) == running
    with pytest.raises(SecretError, match="<secret:"):
        resolve(masked, VAULT)


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("open sesame\n", encoding="utf-8")
    return file


VALUES = {"ospf/key": "a b", "ospf/other/key": "007", "plain": "yes", "vi": "mật khẩu", "odd": "x: [y]\n'z'"}


def test_a_vault_is_read_as_it_was_written(tmp_path: Path, password: Path) -> None:
    file = tmp_path / "vault.yml"
    write_vault(file, password, VALUES)
    assert open_vault(file, password) == VALUES
    assert file.read_bytes().startswith(b"$ANSIBLE_VAULT;1.1;AES256")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["password", "vault.yml"]


def test_a_vault_is_replaced(tmp_path: Path, password: Path) -> None:
    file = tmp_path / "vault.yml"
    write_vault(file, password, VALUES)
    write_vault(file, password, {"only": "this"})
    assert open_vault(file, password) == {"only": "this"}


def test_ansible_itself_reads_it(tmp_path: Path, password: Path) -> None:
    import subprocess
    import sys

    file = tmp_path / "vault.yml"
    write_vault(file, password, VALUES)
    shown = subprocess.run(
        [Path(sys.executable).parent / "ansible-vault", "view", "--vault-password-file", password, file],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "007" in shown.stdout


def test_the_environment_names_the_password_file(
    tmp_path: Path, password: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_FILE, str(password))
    write_vault(tmp_path / "vault.yml", None, VALUES)
    assert open_vault(tmp_path / "vault.yml") == VALUES


def written(tmp_path: Path, password: Path, text: str) -> Path:
    """A vault file with a text of one's own inside."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    file = tmp_path / "vault.yml"
    secret = VaultSecret(password.read_bytes().strip())
    file.write_bytes(VaultLib([("default", secret)]).encrypt(text))
    return file


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("a: [unclosed secret", "what is inside is not YAML"),
        ("just a secret text", "names and values are expected"),
        ("a:\n  b: [1, 2]", "a/b is not a text"),
    ],
)
def test_a_vault_that_is_no_table_says_so_and_shows_nothing(
    tmp_path: Path, password: Path, inside: str, words: str
) -> None:
    with pytest.raises(SecretError, match=words) as caught:
        open_vault(written(tmp_path, password, inside), password)
    assert "\n" not in str(caught.value)
    assert "secret text" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_empty_vault_is_empty(tmp_path: Path, password: Path) -> None:
    assert open_vault(written(tmp_path, password, ""), password) == {}


def test_errors_are_one_line(tmp_path: Path, password: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_FILE, raising=False)
    file, empty, wrong = tmp_path / "vault.yml", tmp_path / "empty", tmp_path / "wrong"
    write_vault(file, password, VALUES)
    empty.touch()
    wrong.write_text("something else", encoding="utf-8")
    asked = {
        (tmp_path / "absent.yml", password): "absent.yml: No such file or directory",
        (password, password): "password is no ansible-vault file",
        (file, None): f"set {PASSWORD_FILE}",
        (file, tmp_path / "absent"): "absent: No such file or directory",
        (file, empty): "the vault's password is empty",
        (file, wrong): "does not open with this password",
    }
    for (vault, file_of_password), words in asked.items():
        with pytest.raises(SecretError) as caught:
            open_vault(vault, file_of_password)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_name_cannot_be_a_secret_and_a_branch(tmp_path: Path, password: Path) -> None:
    with pytest.raises(SecretError, match="it cannot hold others"):
        write_vault(tmp_path / "vault.yml", password, {"a": "1", "a/b": "2"})
    assert not (tmp_path / "vault.yml").exists()
