#!/bin/sh
# The power supply of one host of the twin: puts its disk together, boots the systemd on it, boots it again when it
# asks for that, and ends when it switches itself off.
#
# usage: host.sh DIRECTORY IMAGE HOSTNAME NAMESPACE
#   DIRECTORY  of the node, outside: disk/upper and disk/work make its disk, root is where it is put together
#   IMAGE      the file system that the disk is laid over
#   NAMESPACE  its network namespace, with an interface that has its addresses already
#
# Started in a new mount namespace, in the host's network namespace. Its output stays open as long as it lives; what
# goes wrong is on its error output. Where NOTIFY_SOCKET leads it is told when the host has booted (sd_notify(3)).
set -eu
umask 022
directory=$1 image=$2 hostname=$3 namespace=$4

# In a control group of its own, in every hierarchy that systemd uses: two hosts in one would fight over it.
enter_cgroup() {
    for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        if [ -w "$hierarchy/cgroup.procs" ]; then
            mkdir -p "$hierarchy/infra-ctl/$namespace"
            echo $$ >"$hierarchy/infra-ctl/$namespace/cgroup.procs"
        fi
    done
}

assemble_root() {
    mount -t overlay overlay \
        -o "lowerdir=$image,upperdir=$directory/disk/upper,workdir=$directory/disk/work" "$directory/root"
    mkdir -p /run/systemd/nspawn
    mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn # by hostname, and another lab may have the same ones
}

boot() {
    systemd-nspawn --quiet --boot --directory="$directory/root" --machine="$hostname" --hostname="$hostname" \
        --network-namespace-path="/run/netns/$namespace" --capability=CAP_NET_ADMIN --register=no \
        --keep-unit --settings=no --resolv-conf=off --timezone=off --link-journal=no --console=pipe --notify-ready=yes \
        </dev/null >&2 3>&- &
    echo "$!" >"$directory/pid"
    status=0
    wait "$!" || status=$?
    [ "$status" -eq 133 ] # it wants to be started again
}

exec 3>&1 >&2
enter_cgroup
assemble_root
while boot; do :; done
