"""`make openstack-try`: one real server in the throwaway cloud, as durabase asks for one, used and deleted again.

As a plain member: boots it with the user data that durabase sends, logs in by SSH with its host key pinned, attaches a
volume, and lets apt look for packages. Ends with 1 unless all of that is so and nothing is left.
"""

import argparse
import base64
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import StringIO
from typing import Any

import openstack
import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openstack.connection import Connection

from keys import private_pem, public_line
from providers.openstack.user_data import user_data
from tests.openstack.layout import CLOUDS_YAML, IMAGE, MEMBER_CLOUD, NETWORK, REAL_ZONE, VOLUME_TYPE

NAME = "try-server"
FLAVOR = "t1.small"
USER = "debian"
BOOT_SECONDS = 400
COMMAND_SECONDS = 300
ATTACH_SECONDS = 60
POLL_SECONDS = 0.5
CHARACTERS_OF_A_SERIAL = 20
"""What virtio-blk keeps of a volume's id."""

APT_UPDATE = "sudo apt-get --option APT::Update::Error-Mode=any update"
"""By itself apt ends with 0 also if it could not download a list."""


@contextmanager
def server(cloud: Connection, image: str, data: str) -> Iterator[Any]:
    """Give a server that is ACTIVE; it is gone afterwards."""
    made = cloud.compute.create_server(
        name=NAME,
        image_id=cloud.image.find_image(image, ignore_missing=False).id,
        flavor_id=cloud.compute.find_flavor(FLAVOR, ignore_missing=False).id,
        networks=[{"uuid": cloud.network.find_network(NETWORK, ignore_missing=False).id}],
        availability_zone=REAL_ZONE,
        user_data=base64.b64encode(data.encode()).decode(),
    )
    try:
        yield cloud.compute.wait_for_server(made, interval=1, wait=BOOT_SECONDS)
    finally:
        cloud.compute.delete_server(made)
        cloud.compute.wait_for_delete(made, interval=1, wait=ATTACH_SECONDS)


@contextmanager
def volume(cloud: Connection) -> Iterator[Any]:
    """Give a volume that is available; it is gone afterwards."""
    cinder: Any = cloud.block_storage  # openstacksdk's type is of version 2 or 3, and this is of 3
    made = cinder.create_volume(name=NAME, size=1, volume_type=VOLUME_TYPE)
    try:
        yield cinder.wait_for_status(made, "available", interval=1, wait=ATTACH_SECONDS)
    finally:
        cinder.delete_volume(made)
        cinder.wait_for_delete(made, interval=1, wait=ATTACH_SECONDS)


@contextmanager
def attached(cloud: Connection, machine: Any, disk: Any) -> Iterator[None]:
    """Attach a volume; it is detached afterwards."""
    cloud.compute.create_volume_attachment(machine, volume_id=disk.id)
    try:
        cloud.block_storage.wait_for_status(disk, "in-use", interval=1, wait=ATTACH_SECONDS)
        yield
    finally:
        cloud.compute.delete_volume_attachment(machine, disk.id)
        cloud.block_storage.wait_for_status(disk, "available", interval=1, wait=ATTACH_SECONDS)


@contextmanager
def logged_in(address: str, login_key: Ed25519PrivateKey, host_key: Ed25519PrivateKey) -> Iterator[paramiko.Transport]:
    """Give an SSH connection as the user debian, from the first answer on; any other host key is an error."""
    transport = first_answer(address)
    try:
        transport.start_client(timeout=BOOT_SECONDS)
        offered = transport.get_remote_server_key().get_base64()
        if offered != public_line(host_key).split()[1]:
            raise AssertionError(f"the server offers another host key: {offered}")
        transport.auth_publickey(USER, paramiko.Ed25519Key.from_private_key(StringIO(private_pem(login_key))))
        yield transport
    finally:
        transport.close()


def first_answer(address: str) -> paramiko.Transport:
    """Wait until sshd answers."""
    ends = time.monotonic() + BOOT_SECONDS
    while True:
        try:
            connection = socket.create_connection((address, 22), timeout=5)
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(POLL_SECONDS)
        else:
            transport = paramiko.Transport(connection)
            transport.banner_timeout = transport.auth_timeout = BOOT_SECONDS
            return transport


def run(transport: paramiko.Transport, command: str) -> str:
    """Return a command's output. Raises AssertionError with it if the command fails."""
    channel = transport.open_session(timeout=COMMAND_SECONDS)
    channel.settimeout(COMMAND_SECONDS)
    channel.set_combine_stderr(True)
    channel.exec_command(command)
    output = channel.makefile().read().decode().strip()
    code = channel.recv_exit_status()
    if code:
        raise AssertionError(f"{command} ended with {code}: {output}")
    return output


def wait_for_disk(transport: paramiko.Transport, volume_id: str) -> None:
    """Wait until the guest sees a volume by its id; it may do so later than the API says so."""
    path = f"/dev/disk/by-id/virtio-{volume_id[:CHARACTERS_OF_A_SERIAL]}"
    run(transport, f"timeout {ATTACH_SECONDS} sh -c 'until test -b {path}; do sleep 0.2; done'")


def left(cloud: Connection, *ids: str) -> list[str]:
    """Return what is still there of a server, its ports and a volume, by their ids."""
    servers = [f"server {each.id}" for each in cloud.compute.servers() if each.id in ids]
    volumes = [f"volume {each.id}" for each in cloud.block_storage.volumes() if each.id in ids]
    ports = [f"port {each.id}" for each in cloud.network.ports() if each.device_id in ids]
    return servers + volumes + ports


def main() -> None:
    """Try one server, and print how long each step took."""
    parser = argparse.ArgumentParser(prog="make openstack-try", description=__doc__)
    parser.add_argument("--image", default=IMAGE)
    image = parser.parse_args().image
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(CLOUDS_YAML)
    cloud = openstack.connect(cloud=MEMBER_CLOUD)
    login_key, host_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    began = time.monotonic()

    def step(what: str, do: Callable[[], object] = lambda: None) -> None:
        answer = do()
        print(f"{time.monotonic() - began:7.1f} s  {what}{f': {answer}' if answer else ''}", flush=True)

    with ExitStack() as stack:
        data = user_data(NAME, USER, public_line(login_key), private_pem(host_key))
        machine = stack.enter_context(server(cloud, image, data))
        address = next(each["addr"] for addresses in machine.addresses.values() for each in addresses)
        step(f"server ACTIVE, {address}")
        ssh = stack.enter_context(logged_in(address, login_key, host_key))
        step(f"SSH as {USER}, with the host key of the user data", lambda: run(ssh, "hostname"))
        step("sudo", lambda: run(ssh, "sudo id -un"))
        with volume(cloud) as disk:
            step("volume available")
            with attached(cloud, machine, disk):
                step("volume in-use")
                step("seen by the guest by its id", lambda: wait_for_disk(ssh, disk.id))
            step("volume detached")
        step("apt-get update", lambda: run(ssh, APT_UPDATE).splitlines()[-1])
    step("server deleted")
    if more := left(cloud, machine.id, disk.id):
        raise SystemExit(f"left behind: {', '.join(more)}")
    step("nothing is left")


if __name__ == "__main__":
    main()
