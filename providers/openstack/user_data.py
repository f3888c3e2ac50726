"""What a server is told at its first boot: cloud-init's user data."""

import json

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key


def user_data(hostname: str, login: str, login_key: str, host_key: str) -> str:
    """Return cloud-config for a server that is reached as `login` with `login_key` and shows `host_key`.

    One JSON object, which is YAML, too (YAML 1.2, section 1.3): nothing in it has to be quoted by hand, and a first
    boot without cloud-init can read it. The host key is the one secret that stands there.
    """
    config = {
        "hostname": hostname,
        "manage_etc_hosts": True,
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": host_key, "ed25519_public": _public_line(host_key)},
        "ssh_authorized_keys": [login_key],
        "disable_root": login != "root",
    }
    return f"#cloud-config\n{json.dumps(config, indent=1)}\n"


def _public_line(private_pem: str) -> str:
    key = load_ssh_private_key(private_pem.encode(), password=None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
