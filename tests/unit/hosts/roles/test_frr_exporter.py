"""A router's frr_exporter: a real one, which nobody can ask but monitoring and the router itself."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.unit.hosts.roles.routers import AGENT, SMALL, in_namespaces, needs_kernel, written_to

CONNECT = """
import socket, sys
try:
    socket.create_connection(("10.0.1.16", 9342), 1, (sys.argv[1], 0)).close()
except OSError:
    print(sys.argv[1], "is not answered")
else:
    print(sys.argv[1], "is answered")
"""

needs_exporter = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("prometheus-frr-exporter"), reason="needs root, frr_exporter"
)


@needs_kernel
@needs_exporter
def test_the_frr_exporter_answers_monitoring_and_the_router_itself(tmp_path: Path) -> None:
    monitoring = (ip_network("10.0.1.17/32"),)
    folder = written_to(tmp_path, replace(SMALL, agent=replace(AGENT, clients=monitoring)))
    (folder / "connect.py").write_text(CONNECT, encoding="utf-8")
    said = in_namespaces(f"""
mount -t tmpfs own /run && mkdir /run/netns && ip netns add far
ip link set lo up && ip link add eth0 type veth peer name p0 netns far
ip address add 10.0.1.16/24 dev eth0 && ip link set eth0 up && ip -n far link set p0 up
for each in 17 18; do ip -n far address add 10.0.1.$each/24 dev p0; done
nft -f {folder}/exporter-rules
. {folder}/frr_exporter-arguments
prometheus-frr-exporter $ARGS 2>/dev/null &
tries=100
until python3 {folder}/connect.py 10.0.1.16 | grep -q 'is answered' || [ $tries -eq 0 ]; do
    tries=$((tries - 1)); sleep 0.1
done
python3 {folder}/connect.py 10.0.1.16
for each in 17 18; do ip netns exec far python3 {folder}/connect.py 10.0.1.$each; done
kill $!
""")
    assert said.splitlines() == [
        "10.0.1.16 is answered",
        "10.0.1.17 is answered",
        "10.0.1.18 is not answered",
    ]
