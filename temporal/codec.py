"""The payload codec: every payload is encrypted with AES-256-GCM, and nothing that is not is accepted."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from keys import MissingKey
from model.errors import NotEncrypted
from temporal.refused import refused

ENCODING = b"binary/encrypted"
KEY_ID = "key-id"
NONCE_BYTES = 12


@dataclass(frozen=True, repr=False)
class PayloadKeys:
    """The payload ring: key id → 32 bytes. `current` encrypts; all of them decrypt."""

    current: str
    keys: Mapping[str, bytes]


class EncryptionCodec(PayloadCodec):
    """Encrypts whole payloads; the key id stands in the metadata, so that old histories outlive a rotation."""

    def __init__(self, ring: PayloadKeys) -> None:
        self._current = ring.current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}
        self._proven: set[str] = set()

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        """Encrypt with the current key."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        """Decrypt; in place of what cannot be, give a stand-in with the reason (temporal/refused.py).

        The SDK decodes all that a workflow is told at once: to raise here would let one payload hold up the workflow.
        """
        return [self._opened_or_refused(payload) for payload in payloads]

    def open(self, payload: Payload) -> Payload:
        """Decrypt one payload. Raises MissingKey for a key that the ring lacks, NotEncrypted for what no key wrote.

        What a key of the ring does not open is not the ring's fault once that key has opened anything.
        """
        if not is_encrypted(payload):
            raise NotEncrypted
        key_id = _key_id(payload)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            held = ", ".join(self._ciphers)
            raise MissingKey(f"a payload needs payload key {key_id!r}, but settings hold only: {held} (payload_keys)")
        try:
            plain = cipher.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], key_id.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: it is too short to hold a nonce
            if key_id in self._proven:
                raise NotEncrypted from error
            raise MissingKey(f"payload key {key_id!r} in settings did not write this payload") from error
        self._proven.add(key_id)
        return Payload.FromString(plain)

    def _opened_or_refused(self, payload: Payload) -> Payload:
        try:
            return self.open(payload)
        except (NotEncrypted, MissingKey) as error:
            return refused(error)

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, payload.SerializeToString(), self._current.encode())
        return Payload(metadata={"encoding": ENCODING, KEY_ID: self._current.encode()}, data=nonce + sealed)


def is_encrypted(payload: Payload) -> bool:
    """Return whether a payload says that this codec wrote it."""
    return bool(payload.metadata.get("encoding") == ENCODING)


def key_ids(message: Message) -> set[str]:
    """Return the ids of the keys that encrypted the payloads of one of Temporal's messages, wherever they stand."""
    if isinstance(message, Payload):
        return {_key_id(message)} if is_encrypted(message) else set()
    return {key_id for part in _parts(message) for key_id in key_ids(part)}


def _key_id(payload: Payload) -> str:
    return payload.metadata.get(KEY_ID, b"").decode(errors="backslashreplace")


def _parts(message: Message) -> Iterator[Message]:
    """Every message that stands directly in one: as a field, in a list, or as a table's value."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            yield value
        elif field.message_type.GetOptions().map_entry:
            yield from (each for each in value.values() if isinstance(each, Message))
        else:
            yield from value
