"""The key file of the embedded default: both rings, and which key of each is for what is new."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from keys import Ring, key_of, key_text, new_key, next_key_id
from model.base import BadInput

KEY_FILE = "keys.json"
"""In the state directory: {"payload": {"1": …, "2": …}, "root": {"1": …}, "current": {"payload": "2"}}.

A key is 32 bytes in base64; a ring of one key need not name its current one.
"""


@dataclass(frozen=True, repr=False)
class KeyFile:
    """What the file holds: of each ring its keys, by id, and the id of the current one."""

    keys: Mapping[Ring, Mapping[str, bytes]]
    current: Mapping[Ring, str]

    @classmethod
    def read(cls, state_dir: Path) -> Self:
        """Return what the file holds. Raises BadInput, without a word of that."""
        path = state_dir / KEY_FILE
        try:
            return cls._from(json.loads(path.read_text()))
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, LookupError, AttributeError, TypeError):
            raise BadInput(f"{path} is not allowed: it must be what durabase wrote; restore it") from None

    @classmethod
    def _from(cls, tree: Any) -> Self:
        keys = {ring: {key_id: key_of(text) for key_id, text in tree[ring].items()} for ring in Ring}
        named = tree.get("current", {})
        return cls(keys, {ring: _current(named.get(ring), held) for ring, held in keys.items()})

    def with_new(self, ring: Ring) -> Self:
        """Return it with one more key in a ring, which is the current one."""
        key_id = next_key_id(self.keys[ring])
        return self._changed(ring, {**self.keys[ring], key_id: new_key()}, key_id)

    def without(self, ring: Ring, key_id: str) -> Self:
        """Return it without a key that is not current."""
        left = {other: key for other, key in self.keys[ring].items() if other != key_id}
        return self._changed(ring, left, self.current[ring])

    def text(self) -> str:
        """Return it as the file's text."""
        rings = {ring: {key_id: key_text(key) for key_id, key in held.items()} for ring, held in self.keys.items()}
        return json.dumps({**rings, "current": self.current}, indent=2)

    def _changed(self, ring: Ring, keys: Mapping[str, bytes], current: str) -> Self:
        return type(self)({**self.keys, ring: keys}, {**self.current, ring: current})


def _current(named: str | None, held: Mapping[str, bytes]) -> str:
    """Return the id that the file names, else the only one it holds. Raises ValueError."""
    if named is None:
        [named] = held
    if named not in held:
        raise ValueError("the current key is not there")
    return named


def make_local_keys(state_dir: Path) -> None:
    """Make the key file of the embedded default on first use (0600); an existing one is never touched."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state_dir / KEY_FILE
    first = next_key_id(())
    fresh = KeyFile({ring: {first: new_key()} for ring in Ring}, dict.fromkeys(Ring, first))
    draft = path.with_name(f"{KEY_FILE}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        draft.write_text(fresh.text())
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
