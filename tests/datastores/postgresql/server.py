"""Programs of the wheel's PostgreSQL for tests; as root they run in a user namespace, since PostgreSQL refuses root."""

import os
import subprocess
from pathlib import Path

from datastores.postgresql.client import wheel_program


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    renamed = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"] if os.geteuid() == 0 else []
    command = [*renamed, wheel_program(program) or program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def data_directory(folder: Path) -> Path:
    data = folder / "data"
    result = run("initdb", "-D", str(data), "--auth=reject", "--no-sync", "--locale=C", "--encoding=UTF8")
    assert result.returncode == 0, result.stderr
    return data
