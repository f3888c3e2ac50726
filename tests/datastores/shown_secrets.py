"""ShownSecrets: watches every process's command line and environment for a cluster's secrets."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self


class ShownSecrets:
    """Watches while it is a context; what it found stays."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = [secret.encode() for secret in secrets]
        self.found: list[str] = []
        self.programs: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def secrets_in(self, content: bytes) -> bool:
        return any(secret in content for secret in self.secrets)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    command = (process / "cmdline").read_bytes()
                    self.programs.add(Path(command.split(b"\0")[0].decode(errors="replace")).name)
                    if self.secrets_in(command + (process / "environ").read_bytes()):
                        self.found.append(command.decode(errors="replace"))
