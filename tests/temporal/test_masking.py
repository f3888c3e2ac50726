"""What people see of a payload: all of it, but no password."""

import json
import pkgutil
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload

import model
from model.base import BadInput
from model.cluster import PlanTask
from model.password import FIELD, MASK, Password
from model.spec import ClusterSpec
from temporal.converter import RevealingPayloadConverter
from temporal.masking import masked, refuse_masked

SECRET = "correct horse battery staple"

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def payload(tree: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(tree).encode())


def shown(tree: Any) -> Any:
    return json.loads(masked(payload(tree)).data)


@given(trees)
def test_what_holds_no_password_is_shown_to_the_byte(tree: Any) -> None:
    assert masked(payload(tree)) == payload(tree)
    refuse_masked(payload(tree))


@given(trees, st.text(), trees)
def test_a_password_is_masked_wherever_it_stands_and_nothing_else_is(before: Any, password: str, after: Any) -> None:
    def around(text: str) -> Any:
        return [before, {"users": [{"name": "app", "password": text, "more": after}]}]

    assert shown(around(password)) == around(MASK)
    with pytest.raises(BadInput):
        refuse_masked(masked(payload(around(password))))


def test_a_user_without_a_password_is_shown_as_one() -> None:
    assert shown({"password": None}) == {"password": None}


@pytest.mark.parametrize("password", [7, [SECRET], {"text": SECRET}, {"password": SECRET}], ids=repr)
def test_whatever_stands_for_a_password_is_masked(password: Any) -> None:
    assert shown({"password": password}) == {"password": MASK}


def test_the_metadata_stays() -> None:
    sealed = payload({"password": SECRET})
    sealed.metadata["more"] = b"kept"
    assert dict(masked(sealed).metadata) == {"encoding": b"json/plain", "more": b"kept"}


def test_a_request_is_shown_without_its_password() -> None:
    users = [{"name": "app", "password": SECRET}]
    required = {"name": "orders", "datastore": "postgresql", "cloud": "local", "flavor": "small"}
    task = PlanTask(spec=ClusterSpec.model_validate({**required, "users": users}), cluster_id="x")
    [plain] = RevealingPayloadConverter().to_payloads([task])
    assert SECRET.encode() in plain.data
    assert SECRET.encode() not in masked(plain).data
    assert MASK.encode() in masked(plain).data


def test_a_mask_that_comes_back_is_refused_in_one_sentence() -> None:
    with pytest.raises(BadInput) as refused:
        refuse_masked(payload([{"password": MASK}]))
    assert str(refused.value).startswith("password '**********' is not allowed: it must be a password")
    refuse_masked(payload([{"password": SECRET}, {"name": MASK}]))


def test_other_encodings_hold_no_password() -> None:
    other = Payload(metadata={"encoding": b"binary/plain"}, data=b"\xff")
    assert masked(other) == other


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000], ids=["nothing", "torn", "no-utf-8", "deep"])
def test_json_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="must be the JSON that its metadata says it is"):
        masked(Payload(metadata={"encoding": b"json/plain"}, data=data))


def test_every_field_that_holds_a_password_bears_the_name_by_which_it_is_masked() -> None:
    modules = [import_module(f"model.{module.name}") for module in pkgutil.iter_modules(model.__path__)]
    models = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    fields = {
        name
        for each in models
        if issubclass(each, BaseModel)
        for name, field in each.model_fields.items()
        if Password.__name__ in str(field.annotation)
    }
    assert fields == {FIELD}
