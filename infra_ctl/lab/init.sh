#!/bin/sh
# Process 1 of one node of the twin: makes a machine out of namespaces, starts its daemons, ends them on TERM.
#
# usage: init.sh DIRECTORY MANAGEMENT CONTROLLER DAEMON...
#   DIRECTORY   of the node, outside: disk/upper and disk/work make its disk, root is where it is put together
#   MANAGEMENT  IPv4 address that its sshd listens on, `-` for a node that nobody manages
#   CONTROLLER  IPv4 address of the controller, reached through mgmt0; `-` for a node that has none
#   DAEMON      FRR's daemons to start besides zebra and staticd
#
# Started in new mount, UTS, IPC, PID and cgroup namespaces, in the node's network namespace. Says `ready` on
# its output when everything runs, and nothing when something does not; what went wrong is on its error output.
set -eu
umask 022
directory=$1 management=$2 controller=$3
shift 3

assemble_root() {
    mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$directory/disk/upper,workdir=$directory/disk/work" "$directory/root"
    cd "$directory/root"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mount -t tmpfs -o mode=1777 tmpfs var/tmp # FRR maps files there, and dies of SIGBUS when the disk is full
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir dev/pts dev/shm run/sshd run/lock
    cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev/
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    pivot_root . .
    umount -l .
    cd /
}

put() { # VALUE FILE... : a setting that this kernel does not have is passed over
    value=$1
    shift
    for file; do if [ -w "$file" ]; then echo "$value" >"$file"; fi; done
}

tune_kernel() {
    cd /proc/sys/net
    put 1 ipv4/ip_forward ipv6/conf/all/forwarding ipv6/conf/*/keep_addr_on_down
    put 1 ipv4/tcp_orphan_retries
    put 0 ipv4/conf/*/rp_filter ipv6/conf/*/accept_dad ipv6/conf/*/accept_ra ipv4/icmp_ratelimit ipv6/icmp/ratelimit
    put 1000 ipv4/igmp_max_memberships # OSPFv2 stops at 20 links without
    put 1 ipv6/conf/mgmt0/disable_ipv6
    if [ "$controller" = - ]; then # managed through its circuits
        put 1 ipv4/ip_nonlocal_bind       # sshd listens on addresses that FRR is going to set
        put 1 ipv4/fib_multipath_use_neigh # of its ways back, one whose other end is there
    fi
    cd /
}

# A machine that starts has no addresses and routes left from before, and all its cables in.
configure_interfaces() {
    ip route flush table main 2>/dev/null || : # a table that was never used is not there
    ip -6 route flush table main
    for path in /sys/class/net/*; do
        echo "link set ${path##*/} down"
        echo "address flush dev ${path##*/}"
        echo "link set ${path##*/} up"
    done | ip -batch -
    [ "$management" != - ] || return 0
    # No source address in the route: the kernel would delete it with that address, and a commit that drops the
    # address by mistake could be taken back without the way in coming back.
    ip address add "$management/32" dev lo
    [ "$controller" = - ] || ip route add "$controller/32" dev mgmt0
}

start_sshd() {
    [ "$management" != - ] || return 0
    rm -f /run/sshd.pid
    /usr/sbin/sshd
}

await_sshd() { # its process file appears once it listens
    [ "$management" != - ] || return 0
    tries=100
    until [ -s /run/sshd.pid ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "sshd does not listen on $management"; return 1; }
        sleep 0.05
    done
}

# What was never confirmed is taken back before FRR reads its start-up configuration.
take_back_unconfirmed() {
    for hook in /usr/local/sbin/infra-ctl-host-deadman /usr/local/sbin/infra-ctl-deadman; do
        [ ! -x "$hook" ] || "$hook" boot || echo "dead-man boot hook $hook failed: $?"
    done
}

# As units of systemd do on a real router: see infra_ctl/hosts/roles/loading.py. The kernel of one that starts has
# nothing of it left.
load_host_part() {
    for table in zones marks agent exporter; do nft delete table inet "$table" 2>/dev/null || :; done
    tc qdisc show | sed -n 's/^qdisc htb 1: dev \([^ ]*\) root .*/\1/p' |
        while read -r each; do tc qdisc delete dev "$each" root; done
    for each in vlans queues; do
        [ ! -e "/etc/infra-ctl/$each" ] || sh "/etc/infra-ctl/$each" load || echo "$each are not as they should be: $?"
    done
    for table in zones marks exporter; do
        file=/etc/infra-ctl/$table.nft
        [ ! -e "$file" ] || nft -f "$file" || echo "$file is not in force: $?"
    done
}

# A host part without one is one from before it had any.
start_agent() {
    [ ! -e /etc/infra-ctl/agent ] || sh /etc/infra-ctl/agent restart || echo "no SNMP agent: $?"
}

start_frr() {
    install -d -o frr -g frrvty -m 755 /run/frr
    for daemon in zebra staticd "$@"; do
        options=
        [ "$daemon" != zebra ] || options='-s 90000000'
        # shellcheck disable=SC2086 # options are words
        "/usr/lib/frr/$daemon" -d -F traditional -A 127.0.0.1 \
            --log file:/var/log/frr/frr.log --log-level informational $options
    done
    # As on a real router, lines that FRR refuses are logged and the rest is in force.
    vtysh -b || echo "vtysh -b refused some lines: $?"
}

start() {
    assemble_root
    hostname "$(cat /etc/hostname)"
    tune_kernel
    configure_interfaces
    start_sshd
    take_back_unconfirmed
    load_host_part
    start_frr "$@"
    start_agent
    await_sshd
}

stop() {
    trap '' TERM
    kill -TERM -1 2>/dev/null || :
    tries=40
    while [ "$tries" -gt 0 ] && kill -0 -1 2>/dev/null; do # somebody else is still here
        tries=$((tries - 1))
        sleep 0.05
    done
    exit 0 # the kernel ends whatever is left of this PID namespace
}

read -r pid _ </proc/self/stat # /proc is still the machine's: the PID as seen from outside
echo "$pid" >"$directory/pid"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
start "$@" >&2 </dev/null
trap stop TERM
echo ready
exec >&2
while :; do
    sleep infinity &
    wait "$!" || :
done
