"""Home: a state directory of its own, and the command line run in it as people run it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from cli import dev_server, local_codec
from cli.daemon import Daemon
from providers.local.provider import LocalProvider
from settings import local_cloud

ROOT = Path(__file__).parent.parent.parent
SECONDS = 180


class Home:
    """Everything that the command line starts and makes, for one test module."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.provider = LocalProvider(local_cloud(), state_dir)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a command needs to find this home, and nothing of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DURABASE_", "TEMPORAL_"))}
        own = {"DURABASE_STATE_DIR": str(self.state_dir), "DURABASE_CONFIG": str(self.state_dir / "durabase.toml")}
        return {**kept, **own, **more}

    def command(self, *arguments: str) -> list[str]:
        """Return a command line."""
        return [sys.executable, str(ROOT / "starter.py"), *arguments]

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**environment),
            cwd=self.state_dir,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def redirected(self, redirections: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end with what a shell makes of its standard streams, such as `>&-`."""
        shell = ["sh", "-c", f'exec "$0" "$@" {redirections}', *self.command(*arguments)]
        return subprocess.run(
            shell,
            env=self.environment(),
            cwd=self.state_dir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def done(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must succeed, and return its standard output."""
        ran = self.run(*arguments, stdin=stdin)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def refused(self, *arguments: str, code: int = 2, stdin: str = "") -> str:
        """Run a command that must fail with that code, and return what it says: without a traceback."""
        ran = self.run(*arguments, stdin=stdin)
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran.stderr.strip()

    def show(self, name: str) -> dict[str, Any]:
        """Return the document of a cluster."""
        document: dict[str, Any] = json.loads(self.done("show", name, "--json"))
        return document

    def worker(self) -> Daemon:
        """Return the worker's process."""
        return Daemon("worker", self.state_dir)

    def kill(self, daemon: Daemon) -> None:
        """SIGKILL a process that `up` started."""
        assert daemon.identity is not None
        os.kill(daemon.identity.pid, signal.SIGKILL)
        while daemon.runs:
            pass

    def close(self) -> None:
        """End every process and remove every server."""
        self.worker().stop(20)
        local_codec.stop(self.state_dir)
        dev_server.stop(self.state_dir)
        for server in self.provider.list_servers():
            self.provider.destroy(server.id)
