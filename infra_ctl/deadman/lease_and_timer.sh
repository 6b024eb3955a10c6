#!/bin/sh
# What the dead-man timers of a router and of a host share: lock, lease, timer, and how one is installed.
# `script.py` puts it before either of them, so that a device gets one file.
#
# What comes below it says in words
#   pending, gone            the folder that is the mark of what is not confirmed, and where it goes before it ends;
#                            in it `mark`: TOKEN and the uptime at which it is taken back
#   stem, hook, unit         what its versions are called by, and what calls it at boot
#   trial                    what it takes back is called
# and by functions
#   refuse_trial_of_others   TOKEN: nobody else may have something unconfirmed
#   stop_work                what goes on without its lock must not go on under a restore
#   restore                  what was there is there again
#   note                     TOKEN timer|restart: who comes to ask later is told what took it back
#   unit_text                PATH: the unit that calls PATH at boot
#
# State is in this script's own directory, one for both, so that a router that is a Linux box has one lease.
# Needs root, coreutils and util-linux.
set -u
umask 077
LC_ALL=C
export LC_ALL

state=${0%/*}

# Exit codes, one a kind of answer; script.py knows them by number.
busy=40 no_space=42 not_restored=44 not_pending=45 unable=48

fail() { # CODE TEXT
    printf '%s\n' "$2" >&2
    exit "$1"
}

# Held until this process ends; children that outlive it close descriptor 9.
lock() { # FLOCK-OPTION...
    { : >>"$state/lock"; } 2>/dev/null || fail "$no_space" "cannot write to $state"
    exec 9>>"$state/lock"
    flock "$@" 9 || fail "$busy" 'another change is under way'
}

# A cut session must not stop a script half-way: nothing to write to is no reason to die.
outlive_session() { trap '' HUP INT PIPE; }

uptime() {
    read -r up _ </proc/uptime
    echo "${up%%.*}"
}

put() { # FILE MODE : stdin, whole or not at all
    cat >"$1.new" && chmod "$2" "$1.new" && sync "$1.new" && mv "$1.new" "$1" && sync "${1%/*}"
}

# A lease ends by the uptime, which no clock change moves, and with the power.
lease_is_live() {
    { read -r holder owner until boot <"$state/lease"; } 2>/dev/null &&
        [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && [ "$(uptime)" -lt "$until" ]
}

# FENCE is the number that came with the lease: it grows with every holder, so that one who lost the lease
# without noticing is known by it; none for whoever comes without a lease.
refuse_others() { # TOKEN [FENCE]
    if lease_is_live && [ "$holder" != "$1" ]; then
        fail "$busy" "leased to $owner (run $holder) for another $((until - $(uptime))) s"
    fi
    case ${2:--} in
    - | "$(fence)") ;;
    *) fail "$busy" "lease $2 was taken over: the last one is $(fence)" ;;
    esac
}

fence() {
    { read -r number <"$state/fence"; } 2>/dev/null || number=0
    echo "$number"
}

# Who comes back for a lease that it still has keeps its number; anybody else gets the next one.
lease() { # TOKEN OWNER SECONDS
    outlive_session
    lock -w 5
    refuse_others "$1"
    refuse_trial_of_others "$1"
    number=$(fence)
    if ! lease_is_live; then
        number=$((number + 1))
        echo "$number" | put "$state/fence" 600 || fail "$no_space" "cannot write $state/fence"
    fi
    echo "$1 $2 $(($(uptime) + $3)) $(cat /proc/sys/kernel/random/boot_id)" | put "$state/lease" 600 ||
        fail "$no_space" "cannot write $state/lease"
    echo "leased $number"
}

release() { # TOKEN
    outlive_session
    lock -w 5
    if lease_is_live && [ "$holder" = "$1" ]; then rm -f "$state/lease"; fi
    echo released
}

owns() { # TOKEN
    { read -r token deadline <"$pending/mark"; } 2>/dev/null && [ "$token" = "$1" ]
}

start_timer() { # SECONDS TOKEN : returns once it ticks, or fails after some 2 s
    setsid /bin/sh "$0" timer "$2" "$1" </dev/null >/dev/null 2>&1 9>&- &
    echo "$!" >"$pending/timer" || return 1
    tries=100
    until [ -e "$pending/ticking" ]; do
        [ "$tries" -gt 0 ] || return 1
        tries=$((tries - 1))
        sleep 0.02
    done
}

disarm() {
    { read -r pid <"$pending/timer"; } 2>/dev/null || pid=
    rm -rf "$gone"
    mv "$pending" "$gone" || return 1
    sync "$state"
    if [ -n "$pid" ] && [ "$pid" != $$ ] && grep -qs deadman "/proc/$pid/cmdline"; then
        kill -s KILL -- "-$pid" "$pid" 2>/dev/null
    fi
    rm -rf "$gone"
}

# The timer is the last way back: it goes on until what was there is back or the mark is gone.
timer() { # TOKEN SECONDS
    outlive_session
    owns "$1" || exit 0
    : >"$pending/ticking" || exit 0 # `start_timer` waits for it
    sleep "$2"
    verdict='NOT RESTORED yet'
    until attempt "$1" "$2"; do
        [ -z "$verdict" ] || report "$1" "$2" "$verdict"
        verdict= # said once
        sleep 10
    done
}

# In a shell of its own, with which the lock goes. One that somebody else holds for long is a failed attempt.
attempt() ( # TOKEN SECONDS
    owns "$1" || exit 0
    stop_work
    lock -w 60
    owns "$1" || exit 0
    restore && note "$1" timer && disarm && report "$1" "$2" RESTORED
)

report() { # TOKEN SECONDS VERDICT
    logger -t infra-ctl-deadman "$trial $1 was not confirmed within $2 s: $3" 2>/dev/null || :
}

has_systemd() { [ -d /run/systemd/system ]; }

install_unit() { # PATH
    has_systemd || [ -n "${DEADMAN_UNIT:-}" ] || return 0
    unit_text "$1" | put "$unit" 644 && systemctl daemon-reload && systemctl enable --quiet "${unit##*/}"
}

# The name comes last: a script that can be called by it is hooked into the boot.
install() { # PATH
    outlive_session
    lock -w 30
    mkdir -p "${hook%/*}" && printf '#!/bin/sh\nexec /bin/sh %s "$@"\n' "$1" | put "$hook" 755 &&
        install_unit "$1" && mv "$0" "$1" && sync "$state" || exit 1
    [ ! -e "$pending" ] || return 0 # its timer may start from an older version
    for old in "$state/$stem"-*.sh; do [ "$old" = "$1" ] || rm -f "$old"; done
}

