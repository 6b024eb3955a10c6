#!/bin/sh
# A dead-man timer for FRR: what is committed and not confirmed in time is taken back, whatever happens to
# the session, the controller or the power in between.
#
# usage: deadman.sh lease TOKEN OWNER SECONDS                   only TOKEN may commit for so long; prints FENCE
#        deadman.sh release TOKEN                              anybody may again
#        deadman.sh commit MODE SECONDS TOKEN BASE CANDIDATE [FENCE]
#                                                              arm, then replace or merge; candidate on stdin
#        deadman.sh confirm TOKEN                              keep it, over a reboot too
#        deadman.sh revert TOKEN                               take it back now
#        deadman.sh boot                                       before FRR starts: take back what was never kept
#        deadman.sh install PATH                               make `boot` run before FRR does; become PATH
#
#   MODE       `replace`: stdin is the whole configuration; `merge`: it is lines to add
#   BASE       sha256 of `show running-config no-header` that the decision rests on
#   CANDIDATE  sha256 of stdin, so that half a candidate is never applied
#   FENCE      the number that came with the lease: it grows with every holder, so that one who lost the lease
#              without noticing is known by it; none for whoever comes without a lease
#
# What was done is said in a word on stdout; no word is no success, whatever the exit code.
#
# State is in this script's own directory. `pending` is the mark of an unconfirmed commit; it appears and
# goes by one rename. The start-up file is not touched before `confirm`, so that a reboot comes up on the
# old configuration by itself. Needs root, coreutils, util-linux and frr-pythontools.
set -u
umask 077
LC_ALL=C
VTYSH_HISTFILE=/dev/null # vtysh keeps its -c commands in the home directory, secrets included
export LC_ALL VTYSH_HISTFILE

startup=${FRR_STARTUP:-/etc/frr/frr.conf}
vtysh_conf=${FRR_VTYSH_CONF:-/etc/frr/vtysh.conf}
frr_reload=${FRR_RELOAD:-/usr/lib/frr/frr-reload.py}
daemons=${FRR_RUN:-/run/frr}
work=${DEADMAN_WORK:-/run/infra-ctl} # in memory: candidates leave no trace on the disk
hook=${DEADMAN_HOOK:-/usr/local/sbin/infra-ctl-deadman}
unit=${DEADMAN_UNIT:-/etc/systemd/system/infra-ctl-deadman.service}
pause=${DEADMAN_PAUSE:-1.2}
state=${0%/*}
pending=$state/pending

# Exit codes, one a kind of answer; deadman.py knows them by number.
busy=40 changed=41 no_space=42 rejected=43 not_restored=44 not_pending=45 truncated=46 unable=48

fail() { # CODE TEXT
    printf '%s\n' "$2" >&2
    exit "$1"
}

# Held until this process ends; children that outlive it close descriptor 9.
lock() { # FLOCK-OPTION...
    { : >>"$state/lock"; } 2>/dev/null || fail "$no_space" "cannot write to $state"
    exec 9>>"$state/lock"
    flock "$@" 9 || fail "$busy" 'another commit is under way'
}

# A cut session must not stop a script half-way: nothing to write to is no reason to die.
outlive_session() { trap '' HUP INT PIPE; }

uptime() {
    read -r up _ </proc/uptime
    echo "${up%%.*}"
}

sum() {
    digest=$(sha256sum <"$1")
    echo "${digest%% *}"
}

running() { vtysh -c 'show running-config no-header'; }

# FRR prints what was deleted and restored in another place: lines are compared with their context, sorted.
normal_form() {
    awk '
        /^ *(!|$|end$|exit)/ { next }
        { depth = match($0, /[^ ]/) - 1; path[depth] = $0; line = ""
          for (i = 0; i < depth; i++) if (i in path) line = line path[i] "\t"
          print line $0 }
        ' "$1" | sort
}

# A lease ends by the uptime, which no clock change moves, and with the power.
lease_is_live() {
    { read -r holder owner until boot <"$state/lease"; } 2>/dev/null &&
        [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && [ "$(uptime)" -lt "$until" ]
}

refuse_others() { # TOKEN
    if lease_is_live && [ "$holder" != "$1" ]; then
        fail "$busy" "leased to $owner (run $holder) for another $((until - $(uptime))) s"
    fi
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
    if [ -e "$pending" ] && ! owns "$1"; then fail "$busy" "commit $token is pending"; fi
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

# Replace the running configuration by FILE. frr-reload.py leaves the start-up file alone because FILE is
# frr.conf in the configuration directory it is told of. It logs to us, never to /var/log, and runs in a
# session of its own: it goes on to the end when this script is killed.
reload() { # FILE PIDFILE
    [ "$1" = "$work/frr.conf" ] || cat "$1" >"$work/frr.conf"
    cp "$vtysh_conf" "$work/vtysh.conf" 2>/dev/null # it may say who needs no password
    setsid "$frr_reload" --reload --stdout --log-level warning --confdir "$work" --rundir "$work" \
        "$work/frr.conf" </dev/null >"$work/said" 2>&1 9>&- &
    echo "$!" >"$2"
    wait "$!" 2>/dev/null || return # where the shell would say that it was killed
    refresh_ospf6 "$1" || : # where it fails, the wave is tested all the same
}

# What ospf6d of FRR 8.4 gets wrong when interfaces come into an area and leave it (docs/frr-driver.md has each),
# set right by settings that differ for a moment. What ran before is in $work/running.
refresh_ospf6() { # FILE
    grep -q '^ ipv6 ospf6 area ' "$work/running" || return 0
    ospf6_prefixes "$work/running" >"$work/before"
    ospf6_prefixes "$1" >"$work/after"
    if ! [ -s "$work/after" ] || cmp -s "$work/before" "$work/after"; then return 0; fi
    if [ "$(cut -d' ' -f1 "$work/after" | sort -u | wc -l)" -gt 1 ]; then
        summarise_again
    else
        tell_again "$1"
    fi
}

ospf6_prefixes() { # FILE : of each interface that OSPFv3 runs on, area, name and addresses
    awk '
        /^[^ ]/ { addresses = "" }
        /^interface / { name = $2 }
        /^ ipv6 address / { addresses = addresses " " $3 }
        /^ ipv6 ospf6 area / { print $4, name addresses }
        ' "$1" | sort
}

# A border router tells an area that is new to it only what changes from then on. A range that no route is in
# changes nothing, and has it tell all areas all routes.
summarise_again() {
    ospf6 'area 0.0.0.0 range ::1/128 not-advertise' 'no area 0.0.0.0 range ::1/128 not-advertise'
}

# Others may lose the way to all prefixes of a router that tells them again at the same cost; at another cost they
# find it. Who is told twice within a second does not listen (RFC 2328, MinLSArrival).
tell_again() { # FILE
    kept=$(awk '/^[^ ]/ { here = /^router ospf6/ } here && /^ auto-cost reference-bandwidth /' "$1")
    sleep "$pause"
    if [ -n "$kept" ]; then
        ospf6 'no auto-cost reference-bandwidth'
    else
        ospf6 'auto-cost reference-bandwidth 4294967'
    fi
    sleep "$pause"
    ospf6 "${kept:-no auto-cost reference-bandwidth}"
}

ospf6() { # COMMAND...
    printf '%s\n' 'router ospf6' "$@" >"$work/commands"
    vtysh -f "$work/commands" </dev/null >/dev/null 2>&1
}

merge() { # FILE: one that does not parse is refused before anything is touched
    vtysh -m -f "$1" >/dev/null 2>"$work/said" </dev/null && vtysh -f "$1" >"$work/said" 2>&1 </dev/null
}

# A reload that outlived its commit must not go on changing things under a restore.
stop_reload() {
    { read -r pid <"$work/reload"; } 2>/dev/null || return 0
    if grep -qs frr-reload "/proc/$pid/cmdline"; then kill -s KILL -- "-$pid" "$pid" 2>/dev/null; fi
}

# Under the lock only. It goes when this process ends; before that, what a killed commit left is stopped.
fresh_work() {
    stop_reload
    trap 'rm -rf "$work"' EXIT
    rm -rf "$work"
    mkdir "$work" || fail "$no_space" "cannot write to $work"
}

owns() { # TOKEN
    { read -r token _ <"$pending/mark"; } 2>/dev/null && [ "$token" = "$1" ]
}

incarnation() { cat "$daemons"/*.pid 2>/dev/null || :; }

# Everything a way back needs is on the disk before anything is touched.
arm() { # MODE SECONDS TOKEN
    rm -rf "$state/new"
    mkdir "$state/new" &&
        cp "$work/running" "$state/new/running" &&
        { [ "$1" = merge ] || cp "$work/frr.conf" "$state/new/candidate"; } &&
        { [ ! -e "$startup" ] || cp -p "$startup" "$state/new/startup"; } &&
        incarnation >"$state/new/armed" &&
        echo "$3 $(($(uptime) + $2))" >"$state/new/mark" &&
        sync "$state/new"/* "$state/new" &&
        mv "$state/new" "$pending" &&
        sync "$state"
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
    rm -rf "$state/gone"
    mv "$pending" "$state/gone" || return 1
    sync "$state"
    if [ -n "$pid" ] && [ "$pid" != $$ ] && grep -qs deadman "/proc/$pid/cmdline"; then
        kill -s KILL -- "-$pid" "$pid" 2>/dev/null
    fi
    rm -rf "$state/gone"
}

# Whole or not at all: a full disk or a power cut leaves the old file.
replace_startup() { # FILE
    [ ! -e "$startup" ] || cp -p "$startup" "$startup.new" # for its owner and mode
    if cat "$1" >"$startup.new" && sync "$startup.new" && mv "$startup.new" "$startup"; then
        sync "${startup%/*}"
    else
        rm -f "$startup.new"
        return 1
    fi
}

restore_startup() {
    if [ ! -e "$pending/startup" ]; then rm -f "$startup"; return; fi
    cmp -s "$pending/startup" "$startup" || replace_startup "$pending/startup"
}

is_restored() {
    running >"$work/running"
    [ "$(normal_form "$work/running")" = "$(normal_form "$pending/running")" ]
}

restore() {
    fresh_work
    tries=3
    until is_restored; do
        [ "$tries" -gt 0 ] || return 1
        [ "$tries" -eq 3 ] || sleep 1
        tries=$((tries - 1))
        reload "$pending/running" /dev/null
    done
    restore_startup
}

# Whether the commit ran to its end, and every daemon of FRR is still the one that it changed: one that has
# restarted since has read the old start-up file.
is_as_applied() { [ -e "$pending/applied" ] && [ "$(incarnation)" = "$(cat "$pending/applied")" ]; }

take_back() { # TEXT
    restore || fail "$not_restored" "$1
NOT RESTORED: the running configuration is not what it was; that is kept in $pending"
    disarm || fail "$not_restored" "$1
the running configuration is what it was, but $pending cannot be removed"
}

restore_or_fail() { # CODE TEXT : exits with CODE once the old configuration is back
    take_back "$2"
    fail "$1" "$2"
}

commit() { # MODE SECONDS TOKEN BASE CANDIDATE [FENCE]
    outlive_session
    lock -n
    refuse_others "$3"
    case ${6:--} in -|"$(fence)") ;; *) fail "$busy" "lease $6 was taken over: the last one is $(fence)" ;; esac
    [ ! -e "$pending" ] || fail "$busy" "commit $(cut -d' ' -f1 "$pending/mark") is pending"
    fresh_work
    cat >"$work/frr.conf" || fail "$no_space" "cannot write to $work"
    [ "$(sum "$work/frr.conf")" = "$5" ] || fail "$truncated" 'the candidate did not arrive whole'
    running >"$work/running"
    [ "$(sum "$work/running")" = "$4" ] || fail "$changed" 'the running configuration has changed'
    rm -f "$state/taken-back" # a run that goes on commits under the token that it had
    arm "$1" "$2" "$3" || { rm -rf "$state/new" "$pending"; fail "$no_space" "cannot save a way back in $state"; }
    start_timer "$2" "$3" || { disarm; fail "$unable" 'the timer does not start: nothing was touched'; }
    case $1 in
    replace) reload "$work/frr.conf" "$work/reload" ;;
    merge) merge "$work/frr.conf" ;;
    esac || restore_or_fail "$rejected" "$(cat "$work/said")"
    mv "$pending/armed" "$pending/applied" && echo committed
}

confirm() { # TOKEN
    outlive_session
    lock -w 30
    owns "$1" || fail "$not_pending" "commit $1 is not pending"
    refuse_others "$1"
    fresh_work
    is_as_applied || restore_or_fail "$rejected" 'the commit did not end, or a daemon of FRR restarted since'
    kept=$pending/candidate
    [ -e "$kept" ] || { kept=$work/running; running >"$kept"; } ||
        fail "$unable" 'cannot read the running configuration: the commit will be taken back'
    [ -s "$kept" ] || fail "$unable" 'what is to be kept is empty: the commit will be taken back'
    replace_startup "$kept" || fail "$no_space" "cannot write $startup: the commit will be taken back"
    disarm || fail "$no_space" "cannot remove $pending: the commit will be taken back"
    echo confirmed
}

revert() { # TOKEN
    outlive_session
    lock -w 60
    owns "$1" || fail "$not_pending" "commit $1 is not pending"
    take_back "commit $1"
    echo reverted
}

# The timer is the last way back: it goes on until the old configuration is back or the mark is gone.
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
    stop_reload # its commit, if it still waits for it, restores; if it was killed, we do
    lock -w 60
    owns "$1" || exit 0
    restore && note "$1" timer && disarm && report "$1" "$2" RESTORED
)

# Who comes to ask later is told what acted. A full disk is no reason to go back on it.
note() { # TOKEN timer|restart
    { echo "$1 $2" | put "$state/taken-back" 600; } 2>/dev/null || rm -f "$state/taken-back"
}

report() { # TOKEN SECONDS VERDICT
    logger -t infra-ctl-deadman "commit $1 was not confirmed within $2 s: $3" 2>/dev/null || :
}

frr_is_alive() { # a process file may be left of one that died, and its number another's by now
    for file in "$daemons"/*.pid; do
        { read -r pid <"$file" && read -r name <"/proc/$pid/comm"; } 2>/dev/null || continue
        case ${file##*/} in "$name"*) return 0 ;; esac
    done
    return 1
}

boot() {
    if frr_is_alive; then echo 'FRR runs already: nothing is taken back'; exit 0; fi
    lock -w 60
    rm -rf "$state/new" "$state/gone"
    [ -e "$pending" ] || exit 0
    restore_startup || fail "$no_space" "cannot write $startup"
    note "$(cut -d' ' -f1 "$pending/mark")" restart
    disarm
    echo 'an unconfirmed commit was taken back'
}

put() { # FILE MODE : stdin, whole or not at all
    cat >"$1.new" && chmod "$2" "$1.new" && sync "$1.new" && mv "$1.new" "$1" && sync "${1%/*}"
}

install_unit() { # PATH
    [ -d /run/systemd/system ] || [ -n "${DEADMAN_UNIT:-}" ] || return 0
    printf '%s\n' '[Unit]' 'Description=Take back an unconfirmed FRR configuration' 'Before=frr.service' \
        "RequiresMountsFor=$state" '[Service]' 'Type=oneshot' "ExecStart=/bin/sh $1 boot" \
        '[Install]' 'WantedBy=frr.service' | put "$unit" 644 &&
        systemctl daemon-reload && systemctl enable --quiet "${unit##*/}"
}

# The name comes last: a script that can be called by it is hooked into the boot.
install() { # PATH
    outlive_session
    lock -w 30
    printf '#!/bin/sh\nexec /bin/sh %s "$@"\n' "$1" | put "$hook" 755 && install_unit "$1" &&
        mv "$0" "$1" && sync "$state" || exit 1
    [ ! -e "$pending" ] || return 0 # its timer may start from an older version
    for old in "$state"/deadman-*.sh; do [ "$old" = "$1" ] || rm -f "$old"; done
}

main() {
    command=$1
    shift
    case $command in
    lease) lease "$@" ;;
    release) release "$@" ;;
    commit) commit "$@" ;;
    confirm) confirm "$@" ;;
    revert) revert "$@" ;;
    timer) timer "$@" ;;
    boot) boot ;;
    install) install "$@" ;;
    *) fail 64 "unknown command: $command" ;;
    esac
}

main "$@"
exit
