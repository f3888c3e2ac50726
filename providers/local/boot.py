"""Boots one server: becomes its supervisor, which outlives the caller. Run by `servers.boot` as a program.

It is a process of its own, so that a caller that is stopped holds no server's lock.
"""

import os
import pwd
import sys
from pathlib import Path

from model.errors import ProviderError
from providers.local.layout import POWER_LOCK, READY, SUPERVISOR
from providers.local.pid_files import remove_pid_files
from providers.local.processes import SERVER_VARIABLE, ProcessIdentity, kill_all
from providers.local.state import locked
from providers.local.supervision import CONFIGURATION, SOCKET, SSH_PROGRAM, write_program

UNPRIVILEGED = 65534
"""The id as which servers run whose user databases would refuse, in a user namespace of that one id."""

LOCK_SECONDS = 10.0
"""Longer than another boot of the same server takes."""

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


def refused_user() -> str | None:
    """Return this user in words if databases refuse to run as it; they also look their user up in passwd."""
    user = os.getuid()
    if user == 0:
        return "root"
    return None if _is_known(user) else f"user id {user}, which has no entry in passwd"


def _is_known(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def namespace() -> list[str]:
    """Return the command that renames this user for the program behind it; nothing where databases take it."""
    if refused_user() is None:
        return []
    return ["unshare", "--user", f"--map-user={UNPRIVILEGED}", f"--map-group={UNPRIVILEGED}", "--"]


def main(home: Path) -> int:
    """Boot the server unless it runs; return 0 once its supervisor's identity is written, else 1 with a sentence.

    What an earlier run left behind is killed first, and its pid files are removed. A child becomes the supervisor,
    which lets go of the lock.
    """
    try:
        os.chdir(home)
        with locked(Path(POWER_LOCK), LOCK_SECONDS):
            supervisor = ProcessIdentity.read(Path(SUPERVISOR))
            if supervisor is None or not supervisor.alive():
                if not kill_all(home.name, home, boots=False):
                    raise ProviderError("its processes do not end, although they were killed")
                remove_pid_files(home)
                _begin(home)
    except (OSError, ProviderError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _begin(home: Path) -> None:
    written, writing = os.pipe()
    if os.fork():
        os.close(writing)
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
    sys.exit(main(Path(sys.argv[1])))
