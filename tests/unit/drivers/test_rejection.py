"""What FRR says of a configuration that it refuses. The outputs are recorded from FRR 8.4.4."""

from __future__ import annotations

import pytest

from infra_ctl.drivers.frr.rejection import rejection

CANDIDATE = "router bgp 65000\n neighbor 10.0.0.1 remote-as 65000\n neighbor 10.0.0.2 remote-as 65000\nexit\n"

CASES = {
    "reading the candidate": (
        "2026-11-21 21:20:49,149 \x1b[91m  ERROR\x1b[0m: vtysh failed to process new configuration: "
        "vtysh (mark file) exited with status 2:\nb'line 54: % Unknown command: router osfp\\n\\n'\n",
        "line 54: Unknown command: router osfp",
    ),
    "vtysh alone": ("line 54: % Unknown command[4]: router osfp\n", "line 54: Unknown command: router osfp"),
    "a daemon": (
        "% Can not configure the local system as neighbor\n"
        "line 15: Failure to communicate[13] to bgpd, line:  neighbor 10.0.0.1 remote-as 65000\n\n"
        "2026-11-21 21:20:50,075 \x1b[91mWARNING\x1b[0m: frr-reload.py failed due to\n"
        "vtysh (exec file) exited with status 13\n",
        "line 2: Can not configure the local system as neighbor: neighbor 10.0.0.1 remote-as 65000",
    ),
    "a daemon without words": (
        "line 3: Failure to communicate[13] to ospfd, line: router ospf\n",
        "ospfd refused: router ospf",
    ),
    "a line that is there twice has no number": (
        "% No\nline 3: Failure to communicate[13] to bgpd, line: exit-of-two\n",
        "No: exit-of-two",
    ),
    "a deletion": (
        '2026-11-21 21:20:50,075 \x1b[91m  ERROR\x1b[0m: "interface eth0 --  no ip ospf x" '
        "we failed to remove this command\n",
        "cannot be removed: interface eth0 --  no ip ospf x",
    ),
    "an empty file": (
        "2026-11-21 21:20:50,075 \x1b[91m  ERROR\x1b[0m: Filename /run/x is an empty file\n",
        "Filename /run/x is an empty file",
    ),
    "no daemon is there, and frr-reload.py falls over it": (
        "Exiting: failed to connect to any daemons.\nExiting: failed to connect to any daemons.\n"
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/frr/frr-reload.py", line 98, in __call__\n    raise VtyshException(\n'
        'VtyshException: vtysh returned status 1 for command "configure"\n',
        "Exiting: failed to connect to any daemons.; "
        'VtyshException: vtysh returned status 1 for command "configure"',
    ),
    "unknown words are kept": ("something new\n\nand more\n", "something new; and more"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("output", "expected"), CASES.values(), ids=CASES)
def test_rejection(output, expected):
    assert rejection(output.encode(), CANDIDATE + "exit-of-two\nexit-of-two\n") == expected
