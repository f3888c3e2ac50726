"""What stands in place of a payload that cannot be accepted: the reason, raised by whatever has to read the payload."""

from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import EncodingPayloadConverter

from keys import MissingKey
from model.errors import NotEncrypted

ENCODING = "durabase/refused"
WAITS = "waits"


def refused(error: NotEncrypted | MissingKey) -> Payload:
    """Return the stand-in for a payload; with MissingKey a reader waits, because its key may yet come."""
    metadata = {"encoding": ENCODING.encode(), WAITS: b"yes" if isinstance(error, MissingKey) else b"no"}
    return Payload(metadata=metadata, data=str(error).encode())


def refusal_of(payload: Payload) -> NotEncrypted | MissingKey | None:
    """Return why a decoded payload was refused, None if it was not."""
    if payload.metadata.get("encoding") != ENCODING.encode():
        return None
    return MissingKey(payload.data.decode()) if payload.metadata.get(WAITS) == b"yes" else NotEncrypted()


class RefusedPayloadConverter(EncodingPayloadConverter):
    """Raises the reason where a type is wanted. Where none is, as of a heartbeat's note, there is just nothing."""

    @property
    def encoding(self) -> str:
        """The encoding of stand-ins."""
        return ENCODING

    def to_payload(self, value: Any) -> Payload | None:  # noqa: ARG002 - the SDK's signature
        """Return None: no value is written so."""
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """Raise NotEncrypted or MissingKey; return None where no type is wanted."""
        error = refusal_of(payload)
        if error is not None and type_hint is not None:
            raise error
        return None
