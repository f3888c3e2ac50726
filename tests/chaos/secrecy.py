"""Whether a secret was shown: to whoever lists processes, in a log, or in what Temporal keeps on disk."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys import ClusterSecrets, key_text, private_pem
from model.spec import ClusterSpec
from tests.chaos.users import Wish
from tests.keys_for_tests import PAYLOAD_KEYS, ROOT_KEYS

LOOK_SECONDS = 0.1
CHUNK_BYTES = 1 << 24


class ProcessList:
    """Collects every process's command line and environment while it is a context, to be searched afterwards."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()

    def showing(self, secrets: Iterable[bytes], among: str = "") -> list[str]:
        """Return the command lines of the processes that showed one of these, of those that mention `among`."""
        wanted = list(secrets)
        looked_at = [each for each in tuple(self._seen) if among.encode() in each]
        seen = [each for each in looked_at if any(secret in each for secret in wanted)]
        return [shown[:200].decode(errors="replace") for shown in seen]

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    self._seen.add((process / "cmdline").read_bytes() + b"\0\0" + (process / "environ").read_bytes())


def keys() -> list[bytes]:
    """Return the keys of both rings, as they would be seen; every run of tests uses the same."""
    found = [*PAYLOAD_KEYS.keys.values(), *ROOT_KEYS.keys.values()]
    return [*found, *(key_text(key).encode() for key in found)]


def secrets_of(wishes: Iterable[Wish]) -> list[bytes]:
    """Return every secret of these clusters, as it would be seen; no other run has the same."""
    found = []
    for wish in wishes:
        if wish.identity is not None:
            found += _of_cluster(ROOT_KEYS.engine(wish.spec.datastore).cluster(wish.identity), wish.spec)
    return found


def files_showing(files: Iterable[Path], secrets: Iterable[bytes]) -> list[str]:
    """Return the files that hold one of these secrets."""
    wanted = list(secrets)
    longest = max(map(len, wanted))
    return [str(file) for file in files if _holds(file, wanted, longest)]


def _holds(file: Path, wanted: list[bytes], longest: int) -> bool:
    end = b""
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            content = end + chunk
            if any(each in content for each in wanted):
                return True
            end = content[-longest:]
    return False


def _of_cluster(secrets: ClusterSecrets, spec: ClusterSpec) -> list[bytes]:
    purposes = ["administrator", "replication", "root", *(f"user/{user.name}" for user in spec.users)]
    passwords = [secrets.password(purpose).encode() for purpose in purposes]
    private = [secrets.login_key(), *(secrets.host_key(member) for member in spec.member_names)]
    return [*passwords, *map(_body, private)]


def _body(key: Ed25519PrivateKey) -> bytes:
    """Return the line of a private key's PEM form that holds the key itself."""
    return max(private_pem(key).splitlines()[1:-1], key=len).encode()
