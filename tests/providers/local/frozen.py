"""A life of servers and volumes in many processes, each of which stops itself at another point of it. A program."""

import os
import signal
import sys
from pathlib import Path

from model.cloud import ServerRequest, VolumeRequest
from model.errors import ProviderError
from providers.local.provider import FLAVORS, LocalProvider
from providers.local.servers import Servers
from providers.local.state import StateDirectory

EFFECTS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "socket.bind", "subprocess.Popen")
"""What a process does to the cloud, as the interpreter announces it (Python's table of audit events)."""

FAILED = 3


def stop_before(effect: int) -> None:
    """Let this process stop itself, as SIGSTOP or a frozen machine would, before its effect of that number."""
    left = effect

    def count(event: str, _: object) -> None:
        nonlocal left
        if event in EFFECTS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(count)


def create(state_dir: Path, request: ServerRequest) -> None:
    """Create a server."""
    LocalProvider("local", state_dir).create(request)


def handle_volumes(state_dir: Path, request: ServerRequest) -> None:
    """Make a server, which is never booted, and a volume; attach it, and remove both."""
    provider = LocalProvider("local", state_dir)
    server_id = Servers(StateDirectory(state_dir)).make(request, FLAVORS[0])
    volume = provider.create_volume(VolumeRequest(name=request.name, tag=request.tag, size=1))
    provider.attach_volume(server_id, volume.id)
    provider.destroy(server_id)
    provider.delete_volume(volume.id)


LIVES = {"create": create, "handle_volumes": handle_volumes}


def main(life: str, state_dir: Path) -> None:
    """Fork processes until one ends unstopped; say how many stand still; at a line, the signal, send them that."""
    request = ServerRequest.model_validate_json(sys.stdin.readline())
    stopped: list[int] = []
    while True:
        child = os.fork()
        if child == 0:
            stop_before(len(stopped) + 1)
            try:
                LIVES[life](state_dir, request)
            except ProviderError as error:
                print(f"stopped before effect {len(stopped) + 1}: {error}", file=sys.stderr, flush=True)
                os._exit(FAILED)
            os._exit(0)
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        stopped.append(child)
    print(len(stopped), os.waitstatus_to_exitcode(status), flush=True)
    number = signal.Signals[sys.stdin.readline().strip() or "SIGKILL"]
    for child in stopped:
        os.kill(child, number)
    print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in stopped), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
