"""The driver over a worker process: what it makes of answers, and of a worker that is no more.

The worker here is a small program that answers as it is told by the first operation's text.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Predicted
from infra_ctl.drivers import pyinfra
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.hosts import HostEnd, HostWork, Prediction
from infra_ctl.drivers.pyinfra import PyinfraHosts
from infra_ctl.errors import BusyError, DeviceError, HostKeyError, UnreachableError

ACTOR = """
import json, os, sys, time
from infra_ctl.hosts.protocol import *
out = os.fdopen(1, "wb")
what = {"id": "a/one", "says": "/etc/one"}
def tell(message):
    out.write(line(message))
    out.flush()
def act(number, part, text):
    if text == "refuse":
        tell(Failed(number=number, part=part, error="HostKeyError", cause="not the one"))
    elif text == "die":
        tell(Did(number=number, part=part, what=what))
        sys.exit("it has no more paper")
    elif text == "half":
        out.write(line(Did(number=number, part=part, what=what))[:20])
        out.flush()
        os.kill(os.getpid(), 9)
    elif text == "hang":
        tell(Did(number=number, part=part, what=what))
        hanging.append((number, part))
    else:
        tell(Ended(number=number, part=part, state="done", done=[what]))
hanging = []
for each in sys.stdin.buffer:
    asked = REQUEST.validate_json(each)
    if asked.kind == "predict":
        for work in reversed(asked.works):
            seen = {"texts": {"a/one": "old"}, "digests": {"a/one": "d1"}}
            tell(Would(number=asked.number, part=work.way.part, changes=[what], **seen))
    elif asked.kind == "apply":
        for work in asked.works:
            act(asked.number, work.way.part, work.operations[0].text)
    elif asked.kind == "lease":
        held = Failed(number=asked.number, part=asked.way.part, error="BusyError", cause="another's")
        tell(held if asked.token == "other" else Leased(number=asked.number, part=asked.way.part, fence=7))
    elif asked.kind == "stop":
        for number, part in hanging:
            end = {"state": "interrupted", "done": [what], "at": "a/two", "cause": "interrupted"}
            tell(Ended(number=number, part=part, **end))
    elif asked.kind == "quit":
        break
"""
DID = Predicted(id="a/one", says="/etc/one")


@pytest.fixture
def hosts():
    with PyinfraHosts((sys.executable, "-c", ACTOR)) as hosts:
        yield hosts


def work(part: str, text: str = "") -> HostWork:
    connection = Connection(part, "10.0.0.1", "infra", Path("known_hosts"), password="s3cret")
    return HostWork(part, connection, (File(id="a/one", path="/etc/one", text=text),))


def apply(hosts: PyinfraHosts, *works: HostWork, told=lambda _part, _what: None, **options):
    return hosts.apply(works, token="run-1", fence={}, revert_in=30, told=told, **options)


def test_predictions_come_in_any_order(hosts):
    done = []
    expected = Prediction((DID,), {"a/one": "old"}, {"a/one": "d1"})
    assert hosts.predict([work("a"), work("b")], ["a/one"], done.append) == {"a": expected, "b": expected}
    assert done == ["b", "a"]


def test_one_host_that_refuses_does_not_stop_another(hosts):
    ended = {}
    ends = apply(hosts, work("a", "refuse"), work("b"), ended=ended.__setitem__)
    assert isinstance(ends["a"], HostKeyError)
    assert str(ends["a"]) == "a: not the one"
    assert ends["b"] == HostEnd("done", (DID,))
    assert ended == ends


def test_hosts_whose_worker_is_no_more_are_unknown_and_it_is_started_again(hosts):
    told = []
    ends = apply(hosts, work("b"), work("a", "die"), work("c"), told=lambda *one: told.append(one))
    cause = "the worker process ended with 1: it has no more paper"
    assert ends == {
        "b": HostEnd("done", (DID,)),
        "a": HostEnd("unknown", (DID,), "", cause),
        "c": HostEnd("unknown", (), "", cause),
    }
    assert told == [("a", DID)]
    assert apply(hosts, work("a"))["a"] == HostEnd("done", (DID,))


def test_a_worker_that_is_killed_is_named_by_its_signal(hosts):
    def kill(_part: str, _what: Predicted) -> None:
        os.kill(hosts._child._process.pid, signal.SIGKILL)

    ends = apply(hosts, work("a", "hang"), told=kill)
    assert ends["a"] == HostEnd("unknown", (DID,), "", "the worker process was killed (SIGKILL)")


def test_nobody_waits_for_a_worker_that_was_killed_in_the_middle_of_a_word(hosts, monkeypatch):
    monkeypatch.setattr(pyinfra, "SILENCE", 5.0)
    cause = "the worker process was killed (SIGKILL)"
    assert apply(hosts, work("a", "half"))["a"] == HostEnd("unknown", (), "", cause)
    assert apply(hosts, work("a"))["a"] == HostEnd("done", (DID,))


def test_a_worker_that_cannot_start_fails_hosts_and_not_the_program():
    with PyinfraHosts((sys.executable, "-c", "import sys; sys.exit('no pyinfra')")) as hosts:
        error = hosts.predict([work("a")])["a"]
    assert isinstance(error, DeviceError)
    assert error.cause == "the worker process ended with 1: no pyinfra"


def test_leases(hosts):
    hosts.predict([work("a")])
    assert hosts.lease("a", "me@here", "run-1", 60) == 7
    with pytest.raises(BusyError, match="a: another's"):
        hosts.lease("a", "me@here", "other", 60)


def test_secrets_are_on_no_command_line_and_in_no_environment(hosts):
    hosts.predict([work("a", "s3cret")])
    process = Path(f"/proc/{hosts._child._process.pid}")
    assert b"s3cret" not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert "s3cret" not in repr(work("a", "s3cret"))


def test_ctrl_c_comes_once_it_is_known_how_each_host_ended(hosts):
    ended = {}

    def interrupt(_part: str, _what: Predicted) -> None:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        apply(hosts, work("a", "hang"), told=interrupt, ended=ended.__setitem__)
    assert ended == {"a": HostEnd("interrupted", (DID,), "a/two", "interrupted")}


def test_another_thread_can_stop_what_is_being_applied(hosts):
    def stop(_part: str, _what: Predicted) -> None:
        threading.Timer(0.1, hosts.stop).start()

    ends = apply(hosts, work("a", "hang"), work("b"), told=stop)
    assert ends == {"a": HostEnd("interrupted", (DID,), "a/two", "interrupted"), "b": HostEnd("done", (DID,))}


def test_the_worker_imports_nothing_from_the_folder_that_it_is_started_in(tmp_path, monkeypatch):
    (tmp_path / "gevent.py").write_text("import sys; sys.exit('this is the wrong gevent')")
    monkeypatch.chdir(tmp_path)
    nobody = Connection("a", "127.0.0.1", "infra", Path("known_hosts"), port=1, timeout=1)
    with PyinfraHosts() as hosts:
        error = hosts.predict([HostWork("a", nobody, ())])["a"]
    assert isinstance(error, UnreachableError)


def test_threads_share_a_worker(hosts):
    ends = {}
    threads = [
        threading.Thread(target=lambda part=part: ends.update(apply(hosts, work(part)))) for part in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == {part: HostEnd("done", (DID,)) for part in "abcdef"}


def test_the_worker_ends_with_its_driver():
    with PyinfraHosts((sys.executable, "-c", ACTOR)) as hosts:
        hosts.predict([work("a")])
        pid = hosts._child._process.pid
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
