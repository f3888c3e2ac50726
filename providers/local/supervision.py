"""What supervisor is told: its own configuration and a program for each service.

No text of others gets into supervisor's configuration, because it has no way to quote `%`, `;` or a line break:
what a service runs stands in a shell script beside it. All paths are relative to the server's directory, where
supervisor stands: a socket's path may have 107 bytes only, and a home directory may be longer.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

SOCKET = "supervisor.sock"
SSH_PROGRAM = "sshd"
"""The server's own program; no service may have its name."""

CONFIGURATION = f"""\
[supervisord]
nodaemon=true
silent=true
nocleanup=true
logfile=log/supervisord.log
logfile_maxbytes=1MB
logfile_backups=1
childlogdir=log

[unix_http_server]
file=/proc/self/cwd/{SOCKET}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix:///proc/self/cwd/{SOCKET}

[include]
files=supervisor.d/*.conf
"""

PROGRAM = """\
[program:{name}]
command=/bin/sh services/{name}.sh
autostart=true
autorestart=true
startsecs={start_seconds}
startretries=3
stopsignal={stop_signal}
stopwaitsecs={stop_timeout}
killasgroup=true
redirect_stderr=true
stdout_logfile=log/{name}.log
stdout_logfile_maxbytes=1MB
stdout_logfile_backups=2
"""


def write_program(
    home: Path,
    name: str,
    command: Sequence[str],
    directory: str,
    environment: Mapping[str, str],
    stop_signal: str = "TERM",
    stop_timeout: int = 10,
    start_seconds: int = 1,
) -> None:
    """Write a program's script and configuration below a server's directory; supervisor reads them when asked.

    What the program writes is its user's only. A program that ends within `start_seconds` has not started: after three
    more attempts supervisor gives it up. Raises ValueError for a name or signal that cannot stand in the configuration.
    """
    for value in (name, stop_signal):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
            raise ValueError(f"{value!r} is not allowed: it must be letters, digits, dots, underscores and hyphens")
    exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environment.items())
    script = f"umask 077\ncd {shlex.quote(directory)} || exit 1\n{exports}exec {shlex.join(command)}\n"
    _replace(home / "services" / f"{name}.sh", script)
    program = PROGRAM.format(
        name=name, stop_signal=stop_signal, stop_timeout=int(stop_timeout), start_seconds=int(start_seconds)
    )
    _replace(home / "supervisor.d" / f"{name}.conf", program)


def _replace(path: Path, content: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(content)
    new.rename(path)
