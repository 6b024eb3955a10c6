#!/bin/sh
# The last step of a host's image (see image.py): what an installer leaves on a machine of the data centre, and the
# packages that a host may ask for later.
#
# usage: image.sh ROOT PACKAGES NAME...
#   ROOT      of the image, with its apt still set to the machine's own sources
#   PACKAGES  folder that gets the .deb files of every NAME, with what they need that ROOT does not have
#
# Run by mmdebstrap, which says in MMDEBSTRAP_APT_CONFIG how its apt finds ROOT.
set -eu
root=$1 packages=$2
shift 2

fetch_packages() {
    APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --quiet --yes --download-only \
        -o Dir::Cache::archives="$packages" install "$@"
    rm -rf "$packages/lock" "$packages/partial"
    cd "$packages"
    apt-ftparchive packages . >Packages
    apt-ftparchive release . >Release
}

# Nothing of the machine's stays: where its packages come from may hold a password.
forget_machine() {
    rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap"
    rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/resolv.conf" "$root/etc/hostname"
    echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/10languages"
}

add_engineer() {
    chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash infra
    echo 'infra ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/infra"
    chmod 440 "$root/etc/sudoers.d/infra"
}

# What a container has no use for, or cannot do: its network is there before it starts, its clock is the machine's.
fit_container() {
    for unit in systemd-networkd.service systemd-networkd.socket console-getty.service \
        getty@.service container-getty@.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer dev-hugepages.mount sys-fs-fuse-connections.mount; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    mkdir -p "$root/etc/systemd/system/chrony.service.d"
    cat >"$root/etc/systemd/system/chrony.service.d/lab.conf" <<-end
	[Unit]
	ConditionCapability=
	[Service]
	ExecStart=
	ExecStart=!/usr/sbin/chronyd -x \$DAEMON_OPTS
	end
}

# What the city's hosts all have is there, and is started when it has been configured. (The scanner waits by itself
# until there are signatures.)
put_to_rest() {
    systemctl --root="$root" --quiet disable chrony rsyslog prometheus-node-exporter clamav-freshclam
}

fetch_packages "$@"
forget_machine
add_engineer
fit_container
put_to_rest
