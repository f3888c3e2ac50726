"""Installs Debian packages, safe to be torn at any point, in two scripts: one looks, the other works under the lock."""

INSTALL_SECONDS = 900
"""For an installation on a slow server that has to download everything."""

LOCK_SECONDS = 300
"""How long apt's locks may be held by others: first-boot scripts, unattended upgrades."""

LISTS_MINUTES = 24 * 60
"""Package lists older than this are fetched anew before anything is installed."""

UNKNOWN = 3
NOT_WHOLE = 10
"""Exit codes: for packages that apt cannot install, however often it is asked; for what is still to be installed."""

POLICY = "/usr/sbin/policy-rc.d"
POLICY_MARK = "# durabase: nothing is started while packages are installed"

_FUNCTIONS = f"""\
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

names=
for package; do names="$names ${{package%%=*}}"; done

is_installed() {{ # package[=version pattern]
    name=${{1%%=*}} pattern='*'
    [ "$name" = "$1" ] || pattern=${{1#*=}}
    state=$(dpkg-query --show --showformat='${{db:Status-Abbrev}} ${{Version}}' "$name" 2>/dev/null) || return 1
    case $state in "ii  "$pattern) ;; *) return 1 ;; esac
}}

are_installed() {{ for package; do is_installed "$package" || return 1; done; }}

has_our_policy() {{ grep -qsF '{POLICY_MARK}' {POLICY}; }}

units() {{ # those that the packages would be started by on the next boot
    dpkg -L $names | grep -E '^(/usr)?/lib/systemd/system/[^@/]+\\.(service|socket|timer)$' | sed 's,.*/,,' | sort -u
}}

is_wanted() {{ [ "$(systemctl is-enabled "$1" 2>/dev/null)" = enabled ] || systemctl is-active --quiet "$1"; }}

list_programs() {{
    dpkg -L $names | while read -r path; do
        case $path in */bin/* | */sbin/*) [ ! -f "$path" ] || [ ! -x "$path" ] || printf '%s\\n' "$path" ;; esac
    done
}}
"""

LOOK = f"""{_FUNCTIONS}
are_installed "$@" || exit {NOT_WHOLE}
! has_our_policy || exit {NOT_WHOLE}
for unit in $(units); do ! is_wanted "$unit" || exit {NOT_WHOLE}; done
list_programs
"""
"""Writes the paths of the packages' programs if nothing is left to do."""

INSTALL = f"""{_FUNCTIONS}
patiently() {{ # command …: again while another process holds one of its locks; what it said last stays in $said
    patience={LOCK_SECONDS}
    until said=$("$@" 2>&1); do
        case $said in
        *"ould not get lock"* | *"frontend lock was locked"* | *"is locked by another process"*) ;;
        *) return 1 ;;
        esac
        [ "$patience" -gt 0 ] || return 1
        patience=$((patience - 1))
        sleep 1
    done
}}

failed() {{ printf '%s\\n' "$said" >&2; exit "$1"; }}

# Under the lock, so a policy with our mark is one that a killed attempt left. The image's own is never touched.
remove_policy() {{ ! has_our_policy || rm -f {POLICY}; }}

forbid_starts() {{
    [ ! -e {POLICY} ] || return 0
    printf '#!/bin/sh\\n%s\\nexit 101\\n' '{POLICY_MARK}' > {POLICY}.durabase-new
    chmod 755 {POLICY}.durabase-new
    mv -f {POLICY}.durabase-new {POLICY}
}}

# Debian would make and start a cluster of its own with the first PostgreSQL; postgresql-common reads this.
forbid_clusters() {{
    case $names in *" postgresql"*) ;; *) return 0 ;; esac
    mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\\n' > /etc/postgresql-common/createcluster.d/durabase.conf
}}

lists_are_fresh() {{
    [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Release' -cmin -{LISTS_MINUTES} -print -quit)" ]
}}

are_known() {{ apt-get install --simulate --no-install-recommends "$@" > /dev/null 2>&1; }}

get() {{
    patiently apt-get --quiet --yes --no-install-recommends --fix-broken install \\
        -o DPkg::Lock::Timeout={LOCK_SECONDS} -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef \\
        -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"
}}

install_packages() {{
    # What an interrupted attempt has left; what this cannot mend, the installation itself may.
    patiently dpkg --force-confold --configure -a || true
    if ! lists_are_fresh || ! are_known "$@"; then
        # Without the error mode, apt-get ends well although it got nothing.
        patiently apt-get --quiet update -o APT::Update::Error-Mode=any -o Acquire::Retries=3 || failed 1
    fi
    # A package that was unpacked before what it depends on: apt mends it only if it is asked for nothing else.
    get --no-remove || true
    get "$@" && return 0
    case $said in
    *"E: Unable to locate package"* | *"E: Version "*" was not found"* | *"has no installation candidate"*)
        failed {UNKNOWN} ;;
    esac
    failed 1
}}

trap remove_policy EXIT
trap 'exit 143' HUP INT TERM
if ! are_installed "$@"; then
    forbid_starts
    forbid_clusters
    install_packages "$@"
fi
for unit in $(units); do
    ! is_wanted "$unit" || systemctl --quiet disable --now "$unit"
done
list_programs
"""
"""Installs its arguments, each `package` or `package=version pattern`, and writes the paths of their programs.

The services of the packages themselves never run: they are not started with the installation, nor left enabled; the
engine's own unit runs the database.
"""
