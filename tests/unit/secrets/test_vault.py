"""Vault files: read, written, and parsed with a line for all that is wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra_ctl.errors import RefusedError, SecretError
from infra_ctl.secrets import PASSWORD_FILE, open_vault, write_vault
from infra_ctl.secrets.vault import decrypted, encrypt_to, parse, refuse_changed, revised


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
        ("a: b\nc: [unclosed secret", "line 2: this is not YAML"),
        ("just a secret text", "line 1: names and values are expected"),
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ospf:\n  key: one\n  key: two\n", "line 3: ospf/key is there twice"),
        ("a: one\n\ta: two\n", "line 2: this is not YAML"),
        ("ospf:\n  key:\n", "line 2: ospf/key has no value"),
        ("a: one\n---\nb: two\n", "line 2: this is not YAML"),
        ("? [a, b]\n: c\n", "line 1: this is no name"),
        ("a: &a\n  b: *a\n", "names and values are expected here"),
        ("a: *nothing\n", "line 1: this is not YAML"),
    ],
)
def test_what_is_wrong_has_its_line(text: str, words: str) -> None:
    with pytest.raises(SecretError, match=f"^{words}|{words}$"):
        parse(text)


def test_a_value_is_what_was_written() -> None:
    text = "a: 007\nb: yes\nc: 1.50\nd: '  '\ne/f: x\ng: {h: 0x1F}\ni: ''\n"
    assert parse(text) == {
        "a": "007",
        "b": "yes",
        "c": "1.50",
        "d": "  ",
        "e/f": "x",
        "g/h": "0x1F",
        "i": "",
    }


def test_new_values_are_put_in_and_all_else_stays() -> None:
    text = "# ours\nospf:\n  key: old # every link\nbgp/core: old\nplain: kept\n"
    new = revised(text, {"ospf/key": "007", "bgp/core": "new", "snmp/auth": "new"})
    assert new == (
        "# ours\nospf:\n  key: '007' # every link\nbgp/core: new\nplain: kept\nsnmp:\n  auth: new\n"
    )
    assert parse(new)["ospf/key"] == "007"
    assert revised("# only words\n", {"a": "b"}) == "# only words\na: b\n"
    with pytest.raises(SecretError, match="ospf holds other secrets already"):
        revised(text, {"ospf": "one"})


def test_what_somebody_else_wrote_meanwhile_is_not_lost(tmp_path: Path, password: Path) -> None:
    file = tmp_path / "vault.yml"
    refuse_changed(file, b"")
    encrypt_to(file, password, "a: one # ours\n")
    before = file.read_bytes()
    refuse_changed(file, before)
    assert decrypted(file, password) == "a: one # ours\n"
    encrypt_to(file, password, "a: two\n")
    with pytest.raises(RefusedError, match="changed by somebody else"):
        refuse_changed(file, before)
