"""A password that a person gave: masked wherever it is shown, revealed only to the payload converter."""

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from model.base import BadInput

REVEAL = "durabase_reveal_passwords"
"""Key of the serialization context in which the payload converter asks for the plain text."""

MASK = "**********"

FIELD = "password"
"""The name of every field that holds a Password: by it the codec endpoint finds what it must mask."""

MAX_LENGTH = 128
ALLOWED = f"1 to {MAX_LENGTH} Unicode characters without line breaks or NUL"


class Password:
    """A secret text of 1 to 128 characters. `repr`, `str`, logs and JSON show a mask; `reveal()` gives the text.

    pydantic's `SecretStr` would not do: it serializes to asterisks, so an activity would receive those.
    Raises BadInput for a text that is empty, too long or holds a line break, NUL or half a surrogate pair, which is
    what bytes that are no UTF-8 become on a command line.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not 1 <= len(text) <= MAX_LENGTH or any(_forbidden(character) for character in text):
            raise BadInput(f"password is not allowed: it must be {ALLOWED}")
        self._text = text

    def reveal(self) -> str:
        """Return the plain text, for the one place that hands it to the database."""
        return self._text

    def __repr__(self) -> str:
        return f"Password({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from text; serialize to the mask unless the context asks to reveal."""
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                cls._serialize, info_arg=True, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the password as a write-only string."""
        return {"type": "string", "writeOnly": True, "minLength": 1, "maxLength": MAX_LENGTH}

    @classmethod
    def _validate(cls, value: object) -> "Password":
        if isinstance(value, Password):
            return value
        if not isinstance(value, str):
            raise BadInput(f"password is not allowed: it must be {ALLOWED}")
        return cls(value)

    @staticmethod
    def _serialize(value: "Password", info: core_schema.SerializationInfo) -> str:
        context = info.context
        return value.reveal() if isinstance(context, dict) and context.get(REVEAL) else MASK


def _forbidden(character: str) -> bool:
    return character in "\r\n\0" or "\ud800" <= character <= "\udfff"
