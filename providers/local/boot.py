"""Boots one server: becomes its supervisor, which outlives whoever called. Run by `servers.boot` as a program."""

import os
import sys
from pathlib import Path

from providers.local.layout import READY, SUPERVISOR
from providers.local.processes import SERVER_VARIABLE, ProcessIdentity
from providers.local.supervision import CONFIGURATION, SOCKET, SSH_PROGRAM, write_program

UNPRIVILEGED = 65534
"""The id as which root's servers run, in a user namespace of that one id: a database refuses to run as root."""

SSH_STOP_SECONDS = 2
SSH_START_SECONDS = 10
"""Longer than it takes to find out that it cannot listen, on a busy machine too."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(home: Path) -> dict[str, str]:
    """Return the clean environment of everything on a server; Python's programs come first on its PATH."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{PATH}",
        "HOME": str(home / "root"),
        "LANG": "C.UTF-8",
        SERVER_VARIABLE: home.name,
    }


def namespace() -> list[str]:
    """Return the command that renames root for the program behind it; nothing for a plain user.

    The name is that of an entry in passwd, because databases look their user up.
    """
    if os.getuid() != 0:
        return []
    return ["unshare", "--user", f"--map-user={UNPRIVILEGED}", f"--map-group={UNPRIVILEGED}", "--"]


def main(home: Path, lock: int) -> None:
    """Return in the caller's child once the supervisor's identity is written; its own child becomes the supervisor.

    `lock` is the inherited lock of the server's power, let go when the supervisor takes over.
    """
    os.set_inheritable(lock, False)
    os.chdir(home)
    written, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os.close(lock)
        os.read(written, 1)
        return
    os.setsid()
    _log_to(Path("log/boot.log"))
    for leftover in (READY, SOCKET, "log/supervisord.log"):
        Path(leftover).unlink(missing_ok=True)
    ProcessIdentity.own().write(Path(SUPERVISOR))
    Path("supervisord.conf").write_text(CONFIGURATION)
    command = [sys.executable, "-P", "-m", "providers.local.sshd", str(home)]
    write_program(
        home,
        SSH_PROGRAM,
        command,
        str(home),
        {},
        stop_timeout=SSH_STOP_SECONDS,
        start_seconds=SSH_START_SECONDS,
    )
    supervisor = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", "/proc/self/cwd/supervisord.conf"]
    program = namespace() + supervisor
    os.execvpe(program[0], program, environment(home))  # noqa: S606 - a constant argument list


def _log_to(path: Path) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
