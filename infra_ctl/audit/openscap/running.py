"""OpenSCAP on a host: the SCAP Security Guide's content for its Debian, evaluated and brought home.

Nothing is mended and nothing stays on the host. It runs with the least priority, and for so long at most.
"""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO

from infra_ctl.audit.openscap.results import Results, read
from infra_ctl.drivers.command import CommandRunner
from infra_ctl.errors import DeviceError, UnusableError

PATIENCE = 300
"""Seconds for an evaluation."""
MOST = 64 << 20
"""Bytes of results; those of a large host are a tenth of it."""
PROFILE = "xccdf_org.ssgproject.content_profile_standard"
ABSENT, CONTENTLESS, FRUITLESS = 80, 81, 82
"""How the script ends where there is no oscap, no content for this Debian, and no results."""

# The newest content in Debian 12 is for Debian 11, and says that no rule of it is for any other: that line is
# left out. Which release it is for is said in the results.
SCRIPT = f"""
set -u
command -v oscap >/dev/null || exit {ABSENT}
. /etc/os-release
content=
for release in $(seq "${{VERSION_ID:-0}}" -1 10); do
  file=/usr/share/xml/scap/ssg/content/ssg-$ID$release-ds.xml
  if [ -r "$file" ]; then content=$file; break; fi
done
if [ -z "$content" ]; then
  echo "no content of the SCAP Security Guide for $ID ${{VERSION_ID:-}}" >&2
  exit {CONTENTLESS}
fi
folder=$(mktemp -d) || exit {FRUITLESS}
trap 'rm -rf "$folder"' EXIT
trap 'exit {FRUITLESS}' HUP INT TERM
sed "/platform idref=\\"cpe:.o:debian:debian_linux:$release\\"/d" "$content" > "$folder/content.xml"
nice -n 19 timeout {PATIENCE} oscap xccdf eval --profile {PROFILE} --results "$folder/results.xml" \\
  "$folder/content.xml" > "$folder/said" 2>&1
code=$?
[ -s "$folder/results.xml" ] || [ $code -ne 0 ] || code=1
case $code in
  0|2) gzip -c "$folder/results.xml" ;;
  124) echo "it was not done within {PATIENCE} s" >&2; exit {FRUITLESS} ;;
  *) tail -n 1 "$folder/said" >&2; exit {FRUITLESS} ;;
esac
"""


class AbsentError(UnusableError):
    """There is no OpenSCAP on the host."""


def evaluate(runner: CommandRunner, host: str, *, sudo: bool) -> Results:
    """What a host's own OpenSCAP says of it.

    Raises AbsentError where it has none, UnusableError where nothing came of it, DeviceError.
    """
    command = "sudo -n /bin/sh -s" if sudo else "exec /bin/sh -s"
    done = runner.run(command, SCRIPT.encode(), PATIENCE + 60.0)
    told = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    if done.rc == ABSENT:
        raise AbsentError("OpenSCAP is not installed: apt install openscap-scanner ssg-debian")
    if done.rc in (CONTENTLESS, FRUITLESS):
        raise UnusableError(f"oscap: {told[-1]}")
    if done.rc != 0:
        raise DeviceError(host, f"it cannot be asked: {told[-1]}")
    try:
        return read(BytesIO(_unpacked(done.stdout)))
    except UnusableError as error:
        raise UnusableError(f"what oscap wrote {error}") from error


def _unpacked(packed: bytes) -> bytes:
    """Raises UnusableError for what is damaged, or would be larger than results ever are."""
    try:
        with gzip.open(BytesIO(packed)) as file:
            text = file.read(MOST + 1)
    except (OSError, EOFError, zlib.error) as exc:
        raise UnusableError(f"did not come whole: {exc}") from exc
    if len(text) > MOST:
        raise UnusableError(f"is larger than {MOST} bytes")
    return text
