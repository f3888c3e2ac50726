"""A real client: etcdctl, run as a person's own."""

import json
import os
import subprocess
from typing import Any

from datastores.base import ADMINISTRATOR
from durabase_etcd import client, layout
from tests.datastores.cluster import Cluster

PATIENCE = ("--command-timeout=60s", "--dial-timeout=30s")
"""An election may take that long on a machine that does much else."""


def etcdctl(
    address: str, *arguments: str, user: str = ADMINISTRATOR, password: str
) -> subprocess.CompletedProcess[str]:
    """Run it as `durabase connect` does, but with the password given as the environment variable it comes to be."""
    command = client.client_command(address, layout.CLIENT_PORT, None, user, password)
    *_, program, endpoints, at, user_flag, name = command.arguments
    return subprocess.run(
        [program, endpoints, at, user_flag, name, *PATIENCE, *arguments],
        env={**os.environ, "ETCDCTL_PASSWORD": password},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run(cluster: Cluster, member: str, *arguments: str, user: str = ADMINISTRATOR, password: str = "") -> str:
    """Run it against a member; it must succeed."""
    secret = password or cluster.secrets.password("administrator")
    ended = etcdctl(cluster.address(member), *arguments, user=user, password=secret)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def value(cluster: Cluster, member: str, key: str) -> str:
    return run(cluster, member, "get", key, "--print-value-only")


def members(cluster: Cluster, member: str) -> dict[str, tuple[int, list[str]]]:
    """Return what a member says of all: name to id and peer URLs; all of them vote."""
    listed: list[dict[str, Any]] = json.loads(run(cluster, member, "member", "list", "-w", "json"))["members"]
    assert not any(each.get("isLearner") for each in listed)
    return {each["name"]: (each["ID"], each["peerURLs"]) for each in listed}
