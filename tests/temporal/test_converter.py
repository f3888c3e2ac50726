"""The data converter: a password arrives, and is nowhere to be read on its way."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from model.cluster import Fault, InstanceTask, PlanTask
from model.password import MASK, MAX_LENGTH
from model.spec import ClusterSpec, UserSpec
from temporal.converter import RevealingPayloadConverter, data_converter
from tests.activities.attempts import ORDERS
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.scripted import WHEN

CONVERTER = data_converter(PAYLOAD_KEYS)
SECRET = "correct horse battery staple"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1, max_size=MAX_LENGTH)
settings = (
    st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | texts
)


def spec(password: str = SECRET, **more: Any) -> ClusterSpec:
    users = [{"name": "app", "password": password}]
    required = {"name": "orders", "datastore": "postgresql", "cloud": "local", "flavor": "small"}
    return ClusterSpec.model_validate({**required, "users": users, **more})


@given(texts, st.dictionaries(st.text("abc", min_size=1), settings))
async def test_a_password_and_every_setting_survive_the_round_trip(
    password: str, configuration: dict[str, object]
) -> None:
    task = PlanTask(spec=spec(password, configuration=configuration), cluster_id="x")
    [arrived] = await CONVERTER.decode(await CONVERTER.encode([task]), [PlanTask])
    assert arrived == task
    assert arrived.spec.users[0].password.reveal() == password
    values = arrived.spec.configuration.values()
    assert [type(value) for value in values] == [type(value) for value in configuration.values()]


async def test_the_password_is_revealed_inside_the_encrypted_payload_only() -> None:
    task = InstanceTask(identity=ORDERS, version="18", member="orders-1", members=(), users=spec().users, deadline=WHEN)
    [plain] = RevealingPayloadConverter().to_payloads([task])
    assert SECRET.encode() in plain.data
    [sealed] = await CONVERTER.encode([task])
    assert SECRET.encode() not in sealed.SerializeToString()


def test_the_password_is_masked_wherever_else_it_could_be_shown(caplog: pytest.LogCaptureFixture) -> None:
    request = spec()
    caplog.set_level(logging.INFO)
    logging.getLogger("test").info("%s %r %s", request, request.users, request.users[0].password)
    shown = [
        repr(request),
        str(request),
        repr(request.users[0].password),
        str(request.users[0].password),
        f"{request.users[0].password}",
        str(request.model_dump()),
        request.model_dump_json(),
        caplog.text,
    ]
    assert not [each for each in shown if SECRET in each]
    assert MASK in request.model_dump_json()


async def test_a_user_without_a_password_stays_one() -> None:
    [arrived] = await CONVERTER.decode(await CONVERTER.encode([UserSpec(name="app")]), [UserSpec])
    assert arrived.password is None


async def test_a_failure_is_encrypted_and_arrives_whole() -> None:
    fault = Fault(member="orders-1", step="prepare", message="no space left", attempt=3, at=WHEN)
    failure = Failure()
    try:
        raise ApplicationError("no space left", fault, type="GuestError")
    except ApplicationError as error:
        await CONVERTER.encode_failure(error, failure)
    assert b"no space left" not in failure.SerializeToString()
    assert b"raise ApplicationError" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "GuestError"
    arrived = await CONVERTER.decode_failure(failure)
    assert isinstance(arrived, ApplicationError)
    assert arrived.message == "no space left"
    assert Fault.model_validate(arrived.details[0]) == fault


def test_every_payload_converter_uses_what_was_compiled_for_a_type() -> None:
    one, other = RevealingPayloadConverter(), RevealingPayloadConverter()
    [payload] = one.to_payloads([spec()])
    assert other.from_payloads([payload], [ClusterSpec])[0].name == "orders"
    json = b"json/plain"
    assert one.converters[json] is other.converters[json]
