# shellcheck shell=sh disable=SC2034,SC2154 # it comes below deadman/lease_and_timer.sh
# A dead-man timer for what can lock us out of a Linux host: guarded files, units and commands that are
# changed and not confirmed in time are taken back, whatever happens to the session, the controller or the
# power in between.
#
# usage: host-deadman.sh lease TOKEN OWNER SECONDS      only TOKEN may change anything for so long; prints FENCE
#        host-deadman.sh release TOKEN                  anybody may again
#        host-deadman.sh begin TOKEN [FENCE]            may TOKEN? what it left on trial is taken back first
#        host-deadman.sh arm TOKEN SECONDS [FENCE]      start the timer; what is guarded on stdin, one a line:
#                                                       `file PATH`, `unit NAME VERB`, `run COMMAND`
#        host-deadman.sh confirm TOKEN                  keep it, over a reboot too
#        host-deadman.sh revert TOKEN                   take it back now
#        host-deadman.sh outcome TOKEN                  `pending SECONDS`, `taken back` or `nothing`
#        host-deadman.sh boot                           before anything guarded starts: take back what was not kept
#        host-deadman.sh install PATH                   make `boot` run before that; become PATH
#
#   FENCE      the number that came with the lease
#
# What was done is said in a word on stdout; no word is no success, whatever the exit code.
#
# `host-pending` is the mark of an unconfirmed change; it appears and goes by one rename. Systemd and nft are
# used where they are there.
hook=${DEADMAN_HOOK:-/usr/local/sbin/infra-ctl-host-deadman}
unit=${DEADMAN_UNIT:-/etc/systemd/system/infra-ctl-host-deadman.service}
stem=host-deadman
trial='guarded change of run'
pending=$state/host-pending
gone=$state/host-gone

refuse_trial_of_others() { # TOKEN
    [ ! -e "$pending" ] || owns "$1" ||
        fail "$busy" "a guarded change of run $token is on trial for another $((deadline - $(uptime))) s"
}

# Says `yes` or `no`: words that a line of the mark can hold.
whether() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

ruleset() { nft -s list ruleset; }

# Everything a way back needs is on the disk before anything is touched. Stdin says what is guarded.
save() { # DIRECTORY
    count=0
    while read -r kind what; do
        case $kind in
        file)
            count=$((count + 1))
            echo "$count $what" >>"$1/files" || return 1
            if [ -L "$what" ] || [ -e "$what" ]; then cp -aT "$what" "$1/saved-$count" || return 1; fi
            ;;
        unit)
            name=${what% *}
            echo "$what $(whether systemctl -q is-active "$name") $(whether systemctl -q is-enabled "$name")" \
                >>"$1/units" || return 1
            ;;
        run) printf '%s\n' "$what" >>"$1/runs" || return 1 ;;
        esac
    done
    if command -v nft >/dev/null; then ruleset >"$1/ruleset" || return 1; fi
}

arm() { # TOKEN SECONDS [FENCE]
    outlive_session
    lock -n
    refuse_others "$1" "${3:--}"
    [ ! -e "$pending" ] || fail "$busy" "a guarded change of run $(cut -d' ' -f1 "$pending/mark") is on trial"
    rm -f "$state/host-taken-back"
    rm -rf "$state/host-new"
    mkdir "$state/host-new" && save "$state/host-new" && sync -f "$state" &&
        echo "$1 $(($(uptime) + $2))" | put "$state/host-new/mark" 600 &&
        mv "$state/host-new" "$pending" && sync "$state" || {
        rm -rf "$state/host-new"
        fail "$no_space" "cannot save a way back in $state"
    }
    start_timer "$2" "$1" || { disarm; fail "$unable" 'the timer does not start: nothing was touched'; }
    echo armed
}

# What was there takes the place of what is there, whole or not at all.
restore_file() { # SAVED PATH
    if [ ! -L "$1" ] && [ ! -e "$1" ]; then rm -rf "$2"; return; fi
    if [ -d "$1" ] && [ ! -L "$1" ]; then [ -e "$2" ] || cp -aT "$1" "$2"; return; fi
    cmp -s "$1" "$2" && [ "$(stat -c '%a %u %g' "$1")" = "$(stat -c '%a %u %g' "$2")" ] && return
    mkdir -p "${2%/*}" && put_back "$1" "$2"
}

# In a folder of our own beside it: where the one around it is somebody's, he could plant a link there.
put_back() ( # SAVED PATH
    name=${2##*/}
    cd "${2%/*}" && rm -rf ".$name.infra-ctl-old"* && own=$(mktemp -d ".$name.infra-ctl-old.XXXXXX") || exit 1
    (
        cd "$own" || exit 1
        case $(stat -c '%u %a' .) in "$(id -u) "*700) ;; *) exit 1 ;; esac
        cp -aT "$1" "./$name" && { [ -L "./$name" ] || sync "./$name"; } && mv -fT "./$name" "../$name"
    )
    code=$?
    rm -rf "$own"
    exit "$code"
)

each_line() { # FILE FUNCTION : with the words of every line; fails where one has failed
    [ -e "$1" ] || return 0
    result=0
    while read -r line; do
        # shellcheck disable=SC2086 # a line is words
        "$2" "$line" || result=1
    done <"$1"
    return "$result"
}

file_back() { restore_file "$pending/saved-${1%% *}" "${1#* }"; } # LINE

enable_back() { # LINE
    # shellcheck disable=SC2086 # a line is words
    set -- $1
    if [ "$4" = yes ]; then systemctl -q enable "$1"; else systemctl -q disable "$1" 2>/dev/null || :; fi
}

unit_back() { # LINE : NAME VERB ACTIVE ENABLED
    enable_back "$1"
    # shellcheck disable=SC2086 # a line is words
    set -- $1
    case $2,$3 in
    *,no) ! systemctl -q is-active "$1" || systemctl stop "$1" ;; # it may never have been installed
    reload,yes) systemctl reload-or-restart "$1" ;;
    *) systemctl restart "$1" ;;
    esac
}

run_again() { sh -c "$1" </dev/null >/dev/null 2>&1 9>&- || :; } # COMMAND: of what was not there it fails

# Rules that somebody has loaded without a file come back as they were, too.
ruleset_back() {
    [ -e "$pending/ruleset" ] || return 0
    [ "$(ruleset)" = "$(cat "$pending/ruleset")" ] ||
        { echo 'flush ruleset' && cat "$pending/ruleset"; } | nft -f -
}

restore() {
    each_line "$pending/files" file_back || return 1
    ! has_systemd || systemctl daemon-reload
    each_line "$pending/units" unit_back
    units=$?
    each_line "$pending/runs" run_again
    ruleset_back && [ "$units" -eq 0 ]
}

take_back() { # TEXT
    restore >"$state/host-said" 2>&1 9>&- || fail "$not_restored" "$1
NOT RESTORED: $(tail -n 1 "$state/host-said"); what was there is kept in $pending"
    rm -f "$state/host-said"
    note "$token"
    disarm || fail "$not_restored" "$1
what is guarded is what it was, but $pending cannot be removed"
}

begin() { # TOKEN [FENCE]
    outlive_session
    lock -w 5
    refuse_others "$1" "${2:--}"
    refuse_trial_of_others "$1"
    if [ ! -e "$pending" ]; then echo ready; return; fi
    take_back 'what this run left on trial'
    echo 'taken back'
}

confirm() { # TOKEN
    outlive_session
    lock -w 30
    owns "$1" || fail "$not_pending" "nothing of run $1 is on trial"
    refuse_others "$1"
    sync -f / # what is kept outlives a power cut
    disarm || fail "$no_space" "cannot remove $pending: the change will be taken back"
    echo confirmed
}

revert() { # TOKEN
    outlive_session
    lock -w 60
    owns "$1" || fail "$not_pending" "nothing of run $1 is on trial"
    take_back "the change of run $1"
    echo reverted
}

outcome() { # TOKEN
    if owns "$1"; then
        echo "pending $((deadline - $(uptime)))"
    elif [ "$(cat "$state/host-taken-back" 2>/dev/null)" = "$1" ]; then
        echo 'taken back'
    else
        echo nothing
    fi
}

stop_work() { :; } # what is on trial was done from outside, under no lock of ours

# Whether the timer or a restart took it back is one to a host. A full disk is no reason to go back on it.
note() { # TOKEN
    { echo "$1" | put "$state/host-taken-back" 600; } 2>/dev/null || rm -f "$state/host-taken-back"
}

# Units and rules are not up yet: they will come from what was there.
boot() {
    lock -w 60
    rm -rf "$state/host-new" "$gone"
    [ -e "$pending" ] || exit 0
    each_line "$pending/files" file_back || fail "$no_space" 'cannot restore what is guarded'
    ! command -v systemctl >/dev/null || each_line "$pending/units" enable_back
    note "$(cut -d' ' -f1 "$pending/mark")"
    disarm
    echo 'an unconfirmed change was taken back'
}

unit_text() { # PATH
    printf '%s\n' '[Unit]' 'Description=Take back an unconfirmed change of what can lock us out' \
        'DefaultDependencies=no' 'After=local-fs.target' 'Before=sysinit.target network-pre.target nftables.service' \
        "RequiresMountsFor=$state" '[Service]' 'Type=oneshot' "ExecStart=/bin/sh $1 boot" \
        '[Install]' 'WantedBy=sysinit.target'
}

main() {
    command=$1
    shift
    case $command in
    lease) lease "$@" ;;
    release) release "$@" ;;
    begin) begin "$@" ;;
    arm) arm "$@" ;;
    confirm) confirm "$@" ;;
    revert) revert "$@" ;;
    outcome) outcome "$@" ;;
    timer) timer "$@" ;;
    boot) boot ;;
    install) install "$@" ;;
    *) fail 64 "unknown command: $command" ;;
    esac
}

main "$@"
exit
