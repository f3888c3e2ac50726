"""Key rings, and the secrets derived from them (design: root key → engine → cluster, purpose, generation)."""

import base64
import binascii
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from model.cluster import ClusterIdentity
from model.errors import StepError

KEY_BYTES = 32


class Ring(StrEnum):
    """The two rings: one encrypts payloads, from the other secrets are derived; never rotated together."""

    PAYLOAD = "payload"
    ROOT = "root"


class MissingKey(StepError):
    """A key that is needed is not in the ring; the message names it and the setting that holds it."""

    retryable = False


@dataclass(frozen=True, repr=False)
class RootKeys:
    """The root ring: key id → 32 bytes. `current` derives new clusters' secrets; the others serve older clusters."""

    current: str
    keys: Mapping[str, bytes]

    def engine(self, engine: str) -> "EngineKeys":
        """Return what an engine's worker needs: its own key under every root key, and nothing else."""
        derived = {key_id: _derive(key, f"engine/{engine}") for key_id, key in self.keys.items()}
        return EngineKeys(engine, self.current, derived)


@dataclass(frozen=True, repr=False)
class EngineKeys:
    """One engine's keys: root key id → 32 bytes."""

    engine: str
    current: str
    keys: Mapping[str, bytes]

    def cluster(self, identity: ClusterIdentity) -> "ClusterSecrets":
        """Return a cluster's secrets. Raises MissingKey if its root key is not in the ring."""
        key = self.keys.get(identity.root_key_id)
        if key is None:
            raise MissingKey(
                f"cluster {identity.name} needs root key {identity.root_key_id!r}, but settings hold only: "
                f"{', '.join(sorted(self.keys)) or 'none'} (root_keys, engine_keys)"
            )
        return ClusterSecrets(_derive(key, f"cluster/{identity.id}/{identity.generation}"))


@dataclass(frozen=True, repr=False)
class ClusterSecrets:
    """Everything secret that durabase makes for one cluster; the same input always gives the same secret."""

    key: bytes

    def password(self, purpose: str) -> str:
        """Return a password of 32 URL-safe characters (192 bits) for `administrator`, `replication`, `user/<name>`."""
        return base64.urlsafe_b64encode(_derive(self.key, f"password/{purpose}", 24)).decode()

    def login_key(self) -> Ed25519PrivateKey:
        """Return the key with which durabase logs in to the cluster's servers."""
        return self._ed25519("ssh/login")

    def host_key(self, member: str) -> Ed25519PrivateKey:
        """Return the key by which the member's SSH server is known before the first connection."""
        return self._ed25519(f"ssh/host/{member}")

    def private_key(self, purpose: str) -> Ed25519PrivateKey:
        """Return a key of the engine's own, such as one behind a member's certificate; never one that SSH uses."""
        return self._ed25519(f"engine/{purpose}")

    def _ed25519(self, purpose: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(_derive(self.key, purpose))


def public_line(key: Ed25519PrivateKey) -> str:
    """Return a key's public half as one line of OpenSSH's authorized_keys."""
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(encoding, form).decode()


def private_pem(key: Ed25519PrivateKey) -> str:
    """Return a private key in OpenSSH's PEM form, unencrypted."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def new_key() -> bytes:
    """Return a new random key."""
    return os.urandom(KEY_BYTES)


def next_key_id(ids: Iterable[str]) -> str:
    """Return an id for a ring's next key: above all numbers in use, because what an old key made carries its id."""
    return str(1 + max((int(key_id) for key_id in ids if key_id.isdecimal()), default=0))


def key_text(key: bytes) -> str:
    """Return a key as settings and the key file hold it: in base64."""
    return base64.b64encode(key).decode()


def key_of(text: object) -> bytes:
    """Return a key from its base64. Raises ValueError, without a word of it."""
    try:
        key = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"not {KEY_BYTES} bytes in base64")
    return key


def _derive(key: bytes, info: str, length: int = KEY_BYTES) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=b"durabase", info=info.encode()).derive(key)
