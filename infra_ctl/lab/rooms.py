"""A video room of the twin: baresip in a namespace on its site's video LAN. It registers, and takes calls."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra_ctl.errors import LabError
from infra_ctl.lab import namespace
from infra_ctl.lab.disk import last_line
from infra_ctl.lab.model import HOST_INTERFACE, RoomNode, TwinSpec
from infra_ctl.lab.state import Folder

START_SECONDS = 60.0
READY = "baresip is ready."
CERTIFICATE_DAYS = 365
REGISTER_SECONDS = 60
"""Half of what the registrar believes without being told (kamailio.cfg)."""
MODULES = Path("/usr/lib/baresip/modules")

_CONFIG = """\
sip_listen {host}:5060
sip_certificate {folder}/room.pem
sip_verify_server no
call_max_calls 1
module_path {modules}
module g711.so
module_tmp account.so
module_app menu.so
"""


def files(room: RoomNode, folder: Path) -> dict[str, str]:
    """What a room's program reads, by name, but for its certificate."""
    address = room.ipv4 or room.ipv6
    if address is None:
        raise LabError(f"room {room.hostname} has no address")
    host = f"[{address.ip}]" if address.version == 6 else f"{address.ip}"
    account = f"<sip:{room.hostname}@{room.domain or host}>;answermode=auto"
    if room.registrar is not None:
        via = f"[{room.registrar}]" if room.registrar.version == 6 else f"{room.registrar}"
        account += f';regint={REGISTER_SECONDS};outbound="sip:{via};transport=udp"'
    else:
        account += ";regint=0"
    return {
        "config": _CONFIG.format(host=host, folder=folder, modules=MODULES),
        "accounts": f"{account}\n",
        "contacts": "",
    }


def write(room: RoomNode, folder: Path, expires: datetime | None = None) -> None:
    """Make a room's folder; its certificate is its own, and may have ended already."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files(room, folder).items():
        (folder / name).write_text(text, encoding="utf-8")
    end = expires or datetime.now(UTC) + timedelta(days=CERTIFICATE_DAYS)
    pem = folder / "room.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(certificate(room.hostname, end))


def prepare(folder: Folder, room: RoomNode) -> None:
    """Give a room its folder as on day 0."""
    folder.log(room.hostname).parent.mkdir(parents=True, exist_ok=True)
    write(room, folder.node(room.hostname))


def start(folder: Folder, spec: TwinSpec, room: RoomNode, seconds: float = START_SECONDS) -> None:
    """Switch a room on and wait until it listens. Raises LabError."""
    name = spec.namespace(room.hostname)
    namespace.batch(network(room), name)
    run(name, folder.node(room.hostname), folder.log(room.hostname), seconds)


def run(name: str, folder: Path, log: Path, seconds: float = START_SECONDS) -> None:
    """Start the program of the room in `folder` in a namespace, left to itself. Raises LabError."""
    say = 'echo $$ > "$0/pid"; exec baresip -f "$0"'
    command = (
        *("nsenter", f"--net={namespace.RUN / name}", "setsid", "--fork"),
        *("/bin/sh", "-c", say, str(folder)),
    )
    with log.open("w") as output:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    deadline = time.monotonic() + seconds
    while READY not in log.read_text(errors="replace"):
        if time.monotonic() > deadline:
            raise LabError(f"{folder.name} did not start: {last_line(log)}; see {log}")
        time.sleep(0.05)


def network(room: RoomNode) -> list[str]:
    """Lines of ip(8) for a room's namespace."""
    lines = [f"link set {HOST_INTERFACE} down", f"address flush dev {HOST_INTERFACE}"]
    lines += [f"link set {each} up" for each in ("lo", HOST_INTERFACE)]
    lines += [f"address add {room.ipv4} dev {HOST_INTERFACE}"] if room.ipv4 else []
    lines += [f"address add {room.ipv6} dev {HOST_INTERFACE} nodad"] if room.ipv6 else []
    return [*lines, *(f"route add default via {gateway}" for gateway in room.gateways)]


def certificate(name: str, expires: datetime) -> bytes:
    """A key, and a certificate that it has signed itself: PEM, as baresip takes both in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(min(expires, datetime.now(UTC)) - timedelta(days=CERTIFICATE_DAYS))
        .not_valid_after(expires)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + signed.public_bytes(Encoding.PEM)
