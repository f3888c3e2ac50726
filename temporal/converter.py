"""The data converter: pydantic, with passwords revealed inside the encrypted payload only."""

import dataclasses
from typing import Any

from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from model.password import REVEAL
from temporal.codec import EncryptionCodec, PayloadKeys
from temporal.refused import RefusedPayloadConverter


class RevealingJSONConverter(PydanticJSONPlainPayloadConverter):
    """pydantic's JSON converter, which asks Password for its plain text: the codec encrypts what it returns."""

    def to_payload(self, value: Any) -> Payload | None:
        """Serialize to JSON; see EncodingPayloadConverter."""
        return Payload(metadata={"encoding": self.encoding.encode()}, data=to_json(value, context={REVEAL: True}))


ENCODINGS = [
    RevealingJSONConverter() if isinstance(other, JSONPlainPayloadConverter) else other
    for other in DefaultPayloadConverter.default_encoding_payload_converters
] + [RefusedPayloadConverter()]
"""Shared, with what pydantic compiled for each type: the SDK makes a payload converter for each workflow task."""


class RevealingPayloadConverter(CompositePayloadConverter):
    """Temporal's default converters with the JSON one replaced."""

    def __init__(self) -> None:
        super().__init__(*ENCODINGS)


def data_converter(ring: PayloadKeys) -> DataConverter:
    """Return the converter that clients, workers and replayers share; failures are encrypted too."""
    return dataclasses.replace(
        DataConverter.default,
        payload_converter_class=RevealingPayloadConverter,
        payload_codec=EncryptionCodec(ring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
