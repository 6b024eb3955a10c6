# shellcheck shell=sh disable=SC2034,SC2154 # it comes below deadman/lease_and_timer.sh
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
#   FENCE      the number that came with the lease
#
# What was done is said in a word on stdout; no word is no success, whatever the exit code.
#
# `pending` is the mark of an unconfirmed commit; it appears and goes by one rename. The start-up file is not
# touched before `confirm`, so that a reboot comes up on the old configuration by itself. Needs
# frr-pythontools beside what all timers need.
VTYSH_HISTFILE=/dev/null # vtysh keeps its -c commands in the home directory, secrets included
export VTYSH_HISTFILE

startup=${FRR_STARTUP:-/etc/frr/frr.conf}
vtysh_conf=${FRR_VTYSH_CONF:-/etc/frr/vtysh.conf}
frr_reload=${FRR_RELOAD:-/usr/lib/frr/frr-reload.py}
daemons=${FRR_RUN:-/run/frr}
work=${DEADMAN_WORK:-/run/infra-ctl} # in memory: candidates leave no trace on the disk
hook=${DEADMAN_HOOK:-/usr/local/sbin/infra-ctl-deadman}
unit=${DEADMAN_UNIT:-/etc/systemd/system/infra-ctl-deadman.service}
pause=${DEADMAN_PAUSE:-1.2}
stem=deadman
trial=commit
pending=$state/pending
gone=$state/gone

# Exit codes beside those of all timers; deadman.py knows them by number.
changed=41 rejected=43 truncated=46

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

refuse_trial_of_others() { # TOKEN
    [ ! -e "$pending" ] || owns "$1" || fail "$busy" "commit $token is pending"
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

# A reload that outlived its commit must not go on under a restore. That commit, if it still waits for the reload,
# restores; if it was killed, we do.
stop_work() {
    { read -r pid <"$work/reload"; } 2>/dev/null || return 0
    if grep -qs frr-reload "/proc/$pid/cmdline"; then kill -s KILL -- "-$pid" "$pid" 2>/dev/null; fi
}

# Under the lock only. It goes when this process ends; before that, what a killed commit left is stopped.
fresh_work() {
    stop_work
    trap 'rm -rf "$work"' EXIT
    rm -rf "$work"
    mkdir "$work" || fail "$no_space" "cannot write to $work"
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
    refuse_others "$3" "${6:--}"
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

# Who comes to ask later is told what acted. A full disk is no reason to go back on it.
note() { # TOKEN timer|restart
    { echo "$1 $2" | put "$state/taken-back" 600; } 2>/dev/null || rm -f "$state/taken-back"
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
    rm -rf "$state/new" "$gone"
    [ -e "$pending" ] || exit 0
    restore_startup || fail "$no_space" "cannot write $startup"
    note "$(cut -d' ' -f1 "$pending/mark")" restart
    disarm
    echo 'an unconfirmed commit was taken back'
}

unit_text() { # PATH
    printf '%s\n' '[Unit]' 'Description=Take back an unconfirmed FRR configuration' 'Before=frr.service' \
        "RequiresMountsFor=$state" '[Service]' 'Type=oneshot' "ExecStart=/bin/sh $1 boot" \
        '[Install]' 'WantedBy=frr.service'
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
