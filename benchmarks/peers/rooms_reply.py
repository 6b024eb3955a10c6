"""A room for every question: answers SIP requests over UDP with 200 OK, on a port of its own that it prints.

python -m benchmarks.peers.rooms_reply
"""

from __future__ import annotations

import socket

COPIED = (b"via", b"from", b"to", b"call-id", b"cseq")


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        print(opened.getsockname()[1], flush=True)
        while True:
            request, sender = opened.recvfrom(4096)
            lines = request.split(b"\r\n\r\n")[0].split(b"\r\n")
            copied = [line for line in lines if line.partition(b":")[0].strip().lower() in COPIED]
            opened.sendto(b"\r\n".join([b"SIP/2.0 200 OK", *copied, b"Content-Length: 0", b"", b""]), sender)


if __name__ == "__main__":
    main()
