"""What every machine is asked. The commands only read, and fetch nothing from anywhere.

Secrets stay where they are as far as that can be: of a password is told whether there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from infra_ctl.audit.collecting.examining.asking import ABSENT, Question, files, needing

FILES = "files"
PATTERNS = (
    "/etc/pam.d/common-*",
    "/etc/pam.d/login",
    "/etc/pam.d/passwd",
    "/etc/pam.d/password-auth",
    "/etc/pam.d/sshd",
    "/etc/pam.d/system-auth",
    "/etc/security/faillock.conf",
    "/etc/security/pwhistory.conf",
    "/etc/security/pwquality.conf",
    "/etc/security/pwquality.conf.d/*.conf",
    "/etc/nsswitch.conf",
    "/etc/profile",
    "/etc/profile.d/*.sh",
    "/etc/bash.bashrc",
    "/etc/environment",
    "/etc/rsyslog.conf",
    "/etc/rsyslog.d/*.conf",
    "/etc/systemd/journald.conf",
    "/etc/systemd/journald.conf.d/*.conf",
    "/etc/logrotate.d/infra-ctl",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
    "/etc/clamav/*.conf",
    "/etc/cron.d/clamav-freshclam",
    "/etc/postgresql/*/*/postgresql.conf",
    "/etc/postgresql/*/*/conf.d/*.conf",
    "/etc/pmacct/*.conf",
    "/etc/hsflowd.conf",
)
"""Files of which whatever somebody wants to know of them is found here."""

ACCOUNTS = r"""
awk -F: '
function password(word) { return "password=" (word == "" ? "none" : word ~ /^[!*]/ ? "locked" : "set") }
FNR == NR {
    shadow[$1] = password($2) " changed=" $3 " good=" $5 " expires=" $8
    next
}
$7 !~ /\/(nologin|false|sync)$/ {
    print $1 "\t" $6 "\tuid=" $3 " shell=" $7 " " \
        ($2 != "x" ? password($2) : $1 in shadow ? shadow[$1] : "password=unknown")
}' /etc/shadow /etc/passwd | while IFS='	' read -r name home said; do
    keys=0 hardware=0
    for each in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
        [ -f "$each" ] || continue
        keys=$((keys + $(grep -c '^[^#]' "$each")))
        hardware=$((hardware + $(grep -c '^\([^#].* \)\?sk-\(ssh\|ecdsa\)-' "$each")))
    done
    echo "$name $said keys=$keys hardware=$hardware"
done
"""
"""Who has a shell: of his password is told whether there is one, and of his keys how many.

What stands in /etc/passwd itself goes before what is in its shadow.
"""

_SSHD_CONF = r"""
conf=$(ps -eo args= 2>/dev/null | sed -n 's/^\(sshd: \)\?[^ ]*sshd .*-f \{0,1\}\([^ ]*\).*/\2/p' | head -n 1)
"""
SSHD = rf"""{_SSHD_CONF}
exec sshd -T ${{conf:+-f "$conf"}}
"""
SSHD_FILES = rf"""{_SSHD_CONF}
set -- "${{conf:-/etc/ssh/sshd_config}}"
[ -n "$conf" ] || for each in /etc/ssh/sshd_config.d/*.conf; do [ ! -f "$each" ] || set -- "$@" "$each"; done
[ ! -f "$1" ] || awk '/^[ \t]*[^# \t]/ {{ print FILENAME "\t" FNR "\t" $0 }}' "$@"
"""
"""What `sshd -T` leaves out is there: what holds for some who come, under Match."""
SNMPD = r"""
set -- /etc/snmp/snmpd.conf /etc/snmp/snmpd.conf.d/*.conf
for conf in $(ps -eo args= | sed -n 's/.*snmpd .*-c \{0,1\}\([^ ]*\).*/\1/p'); do set -- "$@" "$conf"; done
for each in "$@"; do [ ! -f "$each" ] || cat "$each"; done
"""

LOGINS = r"""
{ if [ -s /var/log/auth.log ]; then tail -q -n 4000 /var/log/auth.log.1 /var/log/auth.log
elif command -v journalctl >/dev/null; then journalctl -q --no-pager -o short-unix -t sshd -n 4000; fi
} 2>/dev/null | grep 'sshd.*Accepted ' | tail -n 1000
exit 0
"""

LASTLOG = f"""
! command -v lastlog >/dev/null || exec lastlog
! command -v lastlog2 >/dev/null || exec lastlog2
exit {ABSENT}
"""

DISK = "[ ! -d /var/log/city ] || exec df -P /var/log/city\nexec df -P /var/log"

CLOCK = r"""
echo "now=$(date +%s)"
echo "name=$(uname -n)"
echo "account=${SUDO_USER:-$(id -un)}"
"""

SECURITY = r"""
newest=0
for each in /var/lib/apt/lists /var/lib/apt/lists/partial /var/cache/apt/pkgcache.bin \
    /var/lib/apt/periodic/update-success-stamp; do
    seen=$(stat -c %Y "$each" 2>/dev/null) && [ "$seen" -gt "$newest" ] && newest=$seen
done
set -- /var/lib/apt/lists/*security*_Packages*
[ -f "$1" ] || { echo 'apt knows no source of security updates' >&2; exit 1; }
echo "lists of $newest"
{
    dpkg-query -W -f '=${db:Status-Abbrev} ${Package} ${Version}\n'
    for each in "$@"; do /usr/lib/apt/apt-helper cat-file "$each" || exit 1; done
} | awk '
/^=.i/ { have[$2] = $3 }
$1 == "Package:" { name = $2 }
$1 == "Version:" && name in have && have[name] != $2 { print name, have[name], $2 }' | sort -u |
while read -r name installed waiting; do
    ! dpkg --compare-versions "$installed" lt "$waiting" || echo "$name $installed -> $waiting"
done
"""
"""By the lists that apt has: asking apt itself takes seconds where it keeps no cache of them."""

SIGNATURES = r"""
folder=$(sed -n 's/^DatabaseDirectory //p' /etc/clamav/freshclam.conf 2>/dev/null | tail -n 1)
for each in "${folder:-/var/lib/clamav}"/*.c[lv]d; do
    [ ! -f "$each" ] || echo "$each $(head -c 512 "$each" | tr '\n' ' ')"
done
"""

TIMESYNCD = r"""
ps -eo comm= | grep -q '^systemd-timesyn' || exit 72
timedatectl show -p NTPSynchronized
timedatectl show-timesync -p ServerAddress -p ServerName
timedatectl timesync-status
"""

SURICATA = r"""
exec 2>/dev/null
suricatasc -c dump-counters | tr ',{}' '\n\n\n' | grep -E '"(kernel_packets|pkts)"' | head -n 1
for each in /var/lib/suricata/rules/*.rules /etc/suricata/rules/*.rules; do
    [ ! -f "$each" ] || stat -c 'rules %Y %n' "$each"
done
exit 0
"""

KEPT = r"""
cd /var/log/city 2>/dev/null || exit 72
find . -name '*.log' -printf '%T@ %P\n'
"""
APPEND = r"""
[ -d /var/log/city ] || exit 72
lsattr -dR /var/log/city
"""

TLS = r"""
export OPENSSL_CONF=/dev/null
ss -Htlnp | awk '{
    port = $4; sub(/.*:/, "", port)
    address = substr($4, 1, length($4) - length(port) - 1); sub(/%.*/, "", address)
    if (address ~ /^(127\.|\[::1\])/ || !index(" $PORTS ", " " port " ") || port in seen) next
    seen[port]
    if (address == "0.0.0.0" || address == "*") address = "127.0.0.1"
    if (address == "[::]") address = "[::1]"
    program = $6; sub(/^users:\(\("/, "", program); sub(/".*/, "", program)
    print address ":" port, program
}' | while read -r place program; do
    case $program in
    postgres) starttls='-starttls postgres' ;;
    *) starttls= ;;
    esac
    case ${place##*:} in
    25 | 587) starttls='-starttls smtp' ;;
    143) starttls='-starttls imap' ;;
    389) starttls='-starttls ldap' ;;
    esac
    for version in tls1:TLSv1 tls1_1:TLSv1.1 tls1_2:TLSv1.2 tls1_3:TLSv1.3; do
        # shellcheck disable=SC2086
        said=$(timeout 15 openssl s_client -connect "$place" $starttls "-${version%:*}" \
            -cipher DEFAULT:@SECLEVEL=0 </dev/null 2>/dev/null)
        [ $? -ne 124 ] || { echo "$place does not answer to a handshake" >&2; exit 1; }
        case $said in
        *'New, TLSv'* | *'New, SSLv'*)
            echo "$place ${program:--} ${version#*:}"
            break
            ;;
        esac
    done
done
"""

VTY = ("/etc/frr/*.conf", "/etc/inittab", "/etc/systemd/system/*getty@*.service.d/*.conf")
"""Where it may stand that somebody is let in without a login; nothing else of FRR's is asked here."""

_EVERYWHERE = (
    Question("clock", CLOCK),
    Question("ps", "exec ps -eo comm=,args="),
    Question("ss", "exec ss -Htulpn"),
    files(FILES, PATTERNS),
    Question("nftables", needing("nft", "exec nft list ruleset")),
    Question("sshd", needing("sshd", SSHD)),
    Question("sshd files", SSHD_FILES, files=True),
    Question("snmpd", SNMPD),
    Question("accounts", ACCOUNTS),
    Question("lastlog", LASTLOG),
    Question("logins", LOGINS),
    Question("chronyc sources", needing("chronyc", "exec chronyc -n -c sources")),
    Question("chronyc tracking", needing("chronyc", "exec chronyc -n -c tracking")),
    Question("timedatectl", TIMESYNCD),
    Question("security updates", needing("dpkg-query", SECURITY), seconds=60),
    Question("signatures", SIGNATURES),
    Question("disk", DISK),
    Question("virtual", needing("systemd-detect-virt", "systemd-detect-virt; exit 0")),
    Question("ip link", "exec ip -o -d link show"),
    Question("audit", needing("auditctl", "exec auditctl -l")),
)
_OF_ROUTERS = (
    Question("tc", "exec tc qdisc show"),
    Question("bridge", needing("bridge", "exec bridge -d link")),
    Question("ip route", "ip -4 route show table all default; ip -6 route show table all default; exit 0"),
    Question("suricata", needing("suricata", SURICATA)),
    files("vty", VTY, wanted=r"^[ \t]*no login|getty|^[^#]*:(respawn|askfirst):"),
)
_OF_COLLECTORS = (
    Question("kept", KEPT),
    Question("lsattr", needing("lsattr", APPEND)),
)
WELL_KNOWN = (25, 389, 443, 465, 587, 636, 853, 993, 995, 5061, 5432, 6514, 8443, 8883)
"""TCP ports whose services speak TLS, or change over to it."""


def questions(
    *, is_router: bool, is_collector: bool, tls: Collection[int], only_kept: bool = False
) -> tuple[Question, ...]:
    """What a machine is asked; `tls` are ports of its own on which it is to speak TLS."""
    if only_kept:
        return (_EVERYWHERE[0], _OF_COLLECTORS[0])
    return tuple(_questions(is_router, is_collector, tls))


def _questions(is_router: bool, is_collector: bool, tls: Collection[int]) -> Iterator[Question]:
    yield from _EVERYWHERE
    if is_router:
        yield from _OF_ROUTERS
        return
    if is_collector:
        yield from _OF_COLLECTORS
    ports = " ".join(map(str, sorted({*tls, *WELL_KNOWN})))
    yield Question("tls", needing("openssl", TLS.replace("$PORTS", ports)), seconds=60)
