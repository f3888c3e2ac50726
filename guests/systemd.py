"""A service as a systemd unit, and the scripts that start and stop it. All pure: DebianGuest runs them."""

from guests.base import Service

UNITS = "/etc/systemd/system"

START_LOG_LINES = 10

START = f"""\
set -u
unit=$1
! systemctl is-active --quiet "$unit" || exit 0
if systemctl start "$unit"; then
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.1
        systemctl is-active --quiet "$unit" || break
    done
    ! systemctl is-active --quiet "$unit" || exit 0
fi
[ "$(systemctl show --property LoadState --value "$unit")" != not-found ] || exit 5
systemctl stop "$unit"
journalctl --sync
echo "its log ends:" >&2
journalctl --unit "$unit" --lines {START_LOG_LINES} --output cat --no-pager --quiet >&2
exit 1
"""
"""systemd calls a service active as soon as its program is executed: one that then fails is caught by a second look.

It is stopped, as systemd would go on starting it; journalctl has systemd's own words and the service's.
"""

LOG_LINES = """\
journalctl --unit "$1" --lines 20000 --output cat --no-pager --quiet |
    LC_ALL=C grep --text --extended-regexp -e "$2" | tail --lines=20
"""

STOP = """\
set -u
[ "$(systemctl show --property LoadState --value "$1")" != not-found ] || exit 0
exec systemctl stop "$1"
"""

DEFINE = """\
set -eu
systemctl daemon-reload
systemctl enable --quiet "$1"
"""
"""Always both: an attempt that was torn has written the unit, and no more."""


def unit_name(service: str) -> str:
    """Return a service's unit. The prefix keeps it apart from those of Debian's packages: postgresql.service."""
    return f"durabase-{service}.service"


def unit_text(service: Service) -> str:
    """Return a service's unit (systemd.service(5), systemd.unit(5)).

    Like under supervisor, what ends is started again, for ever: `restart_after_crash` and a reboot rely on it. A
    database waits for the network's address that it listens on, and never starts without its volume.
    """
    environment = [f"Environment={_quoted(f'{name}={value}')}" for name, value in service.environment.items()]
    lines = [
        "# Written by durabase; changes made here are lost.",
        "[Unit]",
        f"Description=durabase: {service.name}",
        "Wants=network-online.target",
        "After=network-online.target",
        f"RequiresMountsFor={_quoted(service.directory)}",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"User={service.user}",
        f"WorkingDirectory={_escaped(service.directory)}",
        *environment,
        f"ExecStart={' '.join(_quoted(word).replace('$', '$$') for word in service.command)}",
        "UMask=0077",
        f"KillSignal=SIG{service.stop_signal}",
        # The signal is the main process's: what it leaves behind is killed when it has ended.
        "KillMode=mixed",
        f"TimeoutStopSec={service.stop_timeout}",
        "Restart=always",
        "RestartSec=1",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ]
    return "\n".join(lines)


def _quoted(word: str) -> str:
    escaped = _escaped(word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
    return f'"{escaped}"'


def _escaped(text: str) -> str:
    """Return a text without systemd's specifiers, which begin with a percent sign."""
    return text.replace("%", "%%")
