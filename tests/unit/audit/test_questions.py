"""What machines are asked, by a real shell: of files that a test has made in the place of the machine's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra_ctl.audit.collecting.examining import questions
from infra_ctl.audit.collecting.examining.asking import Question, answers, script


def lines(command: str) -> list[str]:
    question = Question("it", command)
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script((question,), "MARK"), capture_output=True, text=True, check=True
    )
    answer = answers((question,), done.stdout, "MARK")["it"]
    assert (answer.cause, answer.absent) == ("", False)
    return [line.text for line in answer.lines]


@pytest.mark.parametrize("is_router", [True, False])
def test_every_question_is_shell(is_router: bool) -> None:
    asked = questions.questions(is_router=is_router, is_collector=not is_router, tls=(443,))
    assert len({each.name for each in asked}) == len(asked)
    for each in asked:
        done = subprocess.run(
            ["/bin/sh", "-n"], input=each.command, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), each.name


def test_of_a_password_is_told_that_it_is_there(tmp_path: Path) -> None:
    home = tmp_path / "me"
    (home / ".ssh").mkdir(parents=True)
    keys = 'ssh-ed25519 AAAA me\n# sk-ssh-ed25519 no\nfrom="10.0.0.0/8" sk-ssh-ed25519@openssh.com AAAA key\n'
    (home / ".ssh" / "authorized_keys").write_text(keys)
    (tmp_path / "passwd").write_text(
        f"root:x:0:0::/root-is-not-here:/bin/bash\nme:x:1000:1000:A B,,,:{home}:/bin/bash\n"
        "daemon:x:1:1::/:/usr/sbin/nologin\nopen:x:1001:1001::/nowhere:/bin/sh\nbare:x:1002:1002::/nowhere:\n"
    )
    (tmp_path / "shadow").write_text(
        "root:*:19000:0:99999:7:::\nme:$y$j9T$hash-of-me:20000:0:90:7::20100:\nopen::20000:0::7:::\n"
    )
    command = questions.ACCOUNTS.replace("/etc/", f"{tmp_path}/")
    assert lines(command) == [
        "root uid=0 shell=/bin/bash password=locked changed=19000 good=99999 expires= keys=0 hardware=0",
        "me uid=1000 shell=/bin/bash password=set changed=20000 good=90 expires=20100 keys=2 hardware=1",
        "open uid=1001 shell=/bin/sh password=none changed=20000 good= expires= keys=0 hardware=0",
        "bare uid=1002 shell= password=unknown keys=0 hardware=0",
    ]


def test_of_a_database_only_its_head_is_read(tmp_path: Path) -> None:
    head = b"ClamAV-VDB:14 Nov 2023 22-13 +0000:27093:2042000:90:0:0:raynman:1700000000"
    (tmp_path / "daily.cvd").write_bytes(head.ljust(512) + bytes(range(256)) * 100)
    (tmp_path / "notes.txt").write_text("nothing")
    command = questions.SIGNATURES.replace("/var/lib/clamav", str(tmp_path))
    (said,) = lines(command)
    assert said.rstrip() == f"{tmp_path}/daily.cvd {head.decode()}"


def test_what_a_collector_keeps_is_told_by_its_newest_write(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "dc-app-1.log").write_text("x")
    (tmp_path / "3" / "dc-app-1.log-20261126.gz").write_text("x")
    (said,) = lines(questions.KEPT.replace("/var/log/city", str(tmp_path)))
    assert said.split()[1] == "3/dc-app-1.log"
    assert float(said.split()[0]) == pytest.approx((tmp_path / "3" / "dc-app-1.log").stat().st_mtime)
