"""The output of `frr-reload.py --test` as a diff. The cases are recorded from FRR 8.4.4."""

from __future__ import annotations

import pytest

from infra_ctl.drivers.frr.difference import diff

CASES = {
    "nothing": ("", ""),
    "a value": (
        "\nLines To Delete\n===============\ninterface eth0\n no description link to r2\n"
        "\nLines To Add\n============\ninterface eth0\n description Cần Thơ\n",
        "  interface eth0\n-  description link to r2\n+  description Cần Thơ\n",
    ),
    "off by default": (
        "\nLines To Delete\n===============\nrouter bgp 65000\n bgp default ipv4-unicast\n"
        "\nLines To Add\n============\nrouter bgp 65000\n bgp default ipv4-unicast\n",
        "  router bgp 65000\n-  no bgp default ipv4-unicast\n+  bgp default ipv4-unicast\n",
    ),
    "deep": (
        "\nLines To Delete\n===============\nrouter bgp 65000\n address-family ipv6 unicast\n"
        "  no network fd00:100::/48 \n"
        "\nLines To Add\n============\nrouter bgp 65000\n address-family ipv6 unicast\n"
        "  network fd00:200::/48 \nrouter bgp 65000\n address-family ipv4 unicast\n  network 1.0.4.0/24 \n",
        "  router bgp 65000\n   address-family ipv6 unicast\n-   network fd00:100::/48\n"
        "+   network fd00:200::/48\n   address-family ipv4 unicast\n+   network 1.0.4.0/24\n",
    ),
    "a new block": (
        "\nLines To Add\n============\nrouter ospf\nrouter ospf\n ospf router-id 10.0.0.1\n",
        "+ router ospf\n+  ospf router-id 10.0.0.1\n",
    ),
    "a block that goes": (
        "\nLines To Delete\n===============\nno router bgp 65000\n"
        "\nLines To Add\n============\nrouter bgp 65001\nrouter bgp 65001\n bgp router-id 10.0.0.1\n",
        "- router bgp 65000\n+ router bgp 65001\n+  bgp router-id 10.0.0.1\n",
    ),
    "static routes go among the additions": (
        "\nLines To Add\n============\nno ip route 1.0.4.0/24 Null0\nno ipv6 route 2001:db8::/32 Null0\n"
        "ip route 1.0.5.0/24 Null0\n",
        "- ip route 1.0.4.0/24 Null0\n- ipv6 route 2001:db8::/32 Null0\n+ ip route 1.0.5.0/24 Null0\n",
    ),
    "a no that is added": (
        "\nLines To Add\n============\nrouter bgp 65000\n no bgp default ipv4-unicast\n",
        "  router bgp 65000\n+  no bgp default ipv4-unicast\n",
    ),
}


@pytest.mark.parametrize(("output", "expected"), CASES.values(), ids=CASES)
def test_diff(output, expected):
    assert diff(output) == expected
