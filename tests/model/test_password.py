"""A password: what it may hold, and that nothing shows it. Its way through Temporal is in tests/temporal."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from model.base import BadInput
from model.password import MASK, MAX_LENGTH, REVEAL, Password

TEXT = "tr0ub4dor"


class Login(BaseModel):
    password: Password


@pytest.mark.parametrize("text", ["x", "ä" * MAX_LENGTH, " blank ", "tab\t", "'\"\\;$(x)", "😀"])
def test_a_text_is_kept_as_it_is(text: str) -> None:
    assert Password(text).reveal() == text


@pytest.mark.parametrize("text", ["", "x" * (MAX_LENGTH + 1), "a\nb", "a\rb", "a\0b", "a\ud800b"], ids=ascii)
def test_a_text_that_no_database_takes_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        Password(text)
    assert str(refused.value) == (
        "password is not allowed: it must be 1 to 128 Unicode characters without line breaks or NUL"
    )


@pytest.mark.parametrize("value", [None, 3, b"bytes", ["x"], {"password": TEXT}], ids=repr)
def test_only_a_text_is_a_password(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Login.model_validate({"password": value})
    assert "must be 1 to 128" in str(refused.value)


@given(st.text(max_size=MAX_LENGTH + 2))
def test_every_text_is_either_a_password_that_can_be_sent_or_bad_input(text: str) -> None:
    try:
        password = Password(text)
    except BadInput:
        return
    sent = TypeAdapter(Password).dump_json(password, context={REVEAL: True})
    assert TypeAdapter(Password).validate_json(sent) == password


def test_nothing_shows_it() -> None:
    login = Login(password=Password(TEXT))
    shown = [
        repr(login.password),
        str(login.password),
        f"{login.password}",
        f"{login.password!r}",
        repr(login),
        str(login),
        str(login.model_dump()),
        login.model_dump_json(),
        str(login.model_dump(context={REVEAL: False})),
        json.dumps(Login.model_json_schema()),
    ]
    assert not [each for each in shown if TEXT in each]
    assert login.model_dump() == {"password": MASK}


def test_only_the_payload_converter_s_context_reveals_it() -> None:
    login = Login(password=Password(TEXT))
    assert login.model_dump(context={REVEAL: True}) == {"password": TEXT}


def test_it_equals_itself_and_its_copies_only() -> None:
    password = Password(TEXT)
    assert {password, Password(TEXT), copy.deepcopy(password), pickle.loads(pickle.dumps(password))} == {password}  # noqa: S301
    assert password not in (Password("other"), TEXT, MASK)
