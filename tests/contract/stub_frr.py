# ruff: noqa: T201 # it stands for programs that print
"""An FRR that is a file: stands for vtysh, frr-reload.py and ping, so that deadman.sh runs without FRR.

It keeps what makes FRR awkward: a restored block comes back in another place, a refused line leaves half of
the candidate applied, `-m` finds what does not parse. Its folder ($STUB_FRR) holds `running`, and may hold
`slow` (seconds that the next reload takes) and `stuck` (a reload changes nothing and fails).

A line with `bogus` does not parse; a line with `refused` is refused by its daemon.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["STUB_FRR"])
RUNNING = FOLDER / "running"


def parse(text: str) -> dict:
    """Lines as a tree by their indentation, without what only closes a block."""
    tree: dict = {}
    path = [(-1, tree)]
    for line in text.splitlines():
        words = line.strip()
        if not words or words == "end" or words.startswith(("!", "exit")):
            continue
        depth = len(line) - len(line.lstrip())
        while path[-1][0] >= depth:
            path.pop()
        beneath = path[-1][1].setdefault(words, {})
        path.append((depth, beneath))
    return tree


def printed(tree: dict, depth: int = 0) -> str:
    text = ""
    for line, beneath in tree.items():
        text += " " * depth + line + "\n" + printed(beneath, depth + 1)
        if depth == 0:
            text += "exit\n!\n" if beneath else "!\n"
    return text


def merged(old: dict, new: dict, *, replace: bool) -> dict:
    """The old order, without what is gone; what is new comes last."""
    kept = {
        line: merged(old[line], new.get(line, {}), replace=replace)
        for line in old
        if line in new or not replace
    }
    return kept | {line: new[line] for line in new if line not in old}


def until_refused(tree: dict) -> tuple[dict, str]:
    """What a daemon takes before the line that it refuses, and that line."""
    taken: dict = {}
    for line, beneath in tree.items():
        if "refused" in line:
            return taken, line
        taken[line], refused = until_refused(beneath)
        if refused:
            return taken, refused
    return taken, ""


def parse_error(text: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if "bogus" in line:
            return f"line {number}: % Unknown command: {line}\n"
    return ""


def put_in_force(text: str, *, replace: bool) -> int:
    taken, refused = until_refused(parse(text))
    RUNNING.write_text(
        printed(merged(parse(RUNNING.read_text()), taken, replace=replace and not refused)) + "end\n"
    )
    if refused:
        print(f"% Not today\nline 3: Failure to communicate[13] to bgpd, line:  {refused}\n")
    return 13 if refused else 0


def changes(old: dict, new: dict, path: tuple[str, ...] = ()):
    for line, beneath in old.items():
        if line not in new:
            yield "delete", (*path, f"no {line}")
        else:
            yield from changes(beneath, new[line], (*path, line))
    for line, beneath in new.items():
        if line not in old:
            yield "add", (*path, line)
            yield from changes({}, beneath, (*path, line))


def show_changes(text: str) -> None:
    found = list(changes(parse(RUNNING.read_text()), parse(text)))
    for kind in ("delete", "add"):
        commands = [path for each, path in found if each == kind]
        if commands:
            title = f"Lines To {kind.title()}"
            print(f"\n{title}\n{'=' * len(title)}")
        for path in commands:
            print("\n".join(" " * depth + line for depth, line in enumerate(path)))


def frr_reload(arguments: list[str]) -> int:
    text = Path(arguments[-1]).read_text()
    if error := parse_error(text) or ("" if text else f"Filename {arguments[-1]} is an empty file"):
        print(f"2026-11-21 21:20:49,149 \x1b[91m  ERROR\x1b[0m: vtysh failed: \nb'{error}'", file=sys.stderr)
        return 1
    if "--test" in arguments:
        show_changes(text)
        return 0
    slow = FOLDER / "slow"
    if slow.exists():
        seconds = float(slow.read_text())
        slow.unlink()
        time.sleep(seconds)
    if (FOLDER / "stuck").exists():
        return 1
    return 1 if put_in_force(text, replace=True) else 0


def vtysh(arguments: list[str]) -> int:
    if "-f" in arguments:
        text = Path(arguments[-1]).read_text()
        if "-m" not in arguments:
            return put_in_force(text, replace=False)
        print(parse_error(text), file=sys.stderr)
        return 2 if parse_error(text) else 0
    for command in (word for word in arguments if word.startswith("show ")):
        if "-E" in arguments:
            print(f"stub# {command}")
        if command == "show running-config no-header":
            print(RUNNING.read_text(), end="")
        elif command == "show interface json":
            print(json.dumps(interfaces(parse(RUNNING.read_text()))))
    return 0


def interfaces(tree: dict) -> dict:
    names = {line.split()[1]: beneath for line, beneath in tree.items() if line.startswith("interface ")}
    return {
        name: {
            "administrativeStatus": "up",
            "operationalStatus": "up",
            "mtu": 1500,
            "ipAddresses": [{"address": line.split()[2]} for line in lines if line.startswith("ip address ")],
        }
        for name, lines in names.items()
    }


def ping(arguments: list[str]) -> int:
    return 0 if re.search(rf"ip address {re.escape(arguments[-1])}/", RUNNING.read_text()) else 1


if __name__ == "__main__":
    program = {"vtysh": vtysh, "frr-reload.py": frr_reload, "ping": ping}[sys.argv[1]]
    sys.exit(program(sys.argv[2:]))
