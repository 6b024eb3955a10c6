"""Which line of a command's complaint tells why."""

from __future__ import annotations

import pytest

from infra_ctl.hosts.cause import telling

SAID = {
    "disk full": (
        "head: error writing 'standard output': No space left on device\nsha256sum: WARNING: 1 did NOT match",
        "head: error writing 'standard output': No space left on device",
    ),
    "repository gone": (
        "W: Failed to fetch http://10.1.2.3/./InRelease  Could not connect to 10.1.2.3:80\n"
        "E: Some index files failed to download. They have been ignored, or old ones used instead.",
        "W: Failed to fetch http://10.1.2.3/./InRelease  Could not connect to 10.1.2.3:80",
    ),
    "no such package": (
        "Reading package lists...\nE: Unable to locate package no-such",
        "E: Unable to locate package no-such",
    ),
    "nginx": (
        'nginx: [emerg] unknown directive "x" in /etc/nginx/a:1\nnginx: configuration file test failed',
        'nginx: [emerg] unknown directive "x" in /etc/nginx/a:1',
    ),
    "systemd says only that": (
        "Job for nginx.service failed because the control process exited with error code.\n"
        'See "systemctl status nginx.service" and "journalctl -xeu nginx.service" for details.',
        "",
    ),
    "nothing that looks like an error": ("one\ntwo\n\n", "two"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("said", "expected"), SAID.values(), ids=SAID)
def test_the_telling_line(said, expected):
    assert telling(said.splitlines()) == expected
