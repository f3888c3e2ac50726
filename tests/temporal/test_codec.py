"""The payload codec: nothing plain in what it writes, and old keys go on reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Header, Memo, Payload, Payloads, SearchAttributes
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from keys import MissingKey
from model.errors import NotEncrypted
from temporal.codec import ENCODING, EncryptionCodec, PayloadKeys, key_ids
from temporal.refused import refusal_of

OLD, NEW, OTHER = (bytes([number]) * 32 for number in range(3))
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"a text that must not be read"')


def codec(current: str, **keys: bytes) -> EncryptionCodec:
    return EncryptionCodec(PayloadKeys(current, keys))


async def encrypted(codec: EncryptionCodec, payload: Payload = PLAIN) -> Payload:
    [sealed] = await codec.encode([payload])
    return sealed


@given(st.lists(st.builds(Payload, data=st.binary(), metadata=st.dictionaries(st.text(max_size=9), st.binary()))))
async def test_round_trip(payloads: list[Payload]) -> None:
    both = codec("old", old=OLD)
    assert await both.decode(await both.encode(payloads)) == payloads


async def test_what_is_written_shows_the_key_s_id_and_nothing_of_the_payload() -> None:
    sealed = await encrypted(codec("old", old=OLD))
    assert dict(sealed.metadata) == {"encoding": ENCODING, "key-id": b"old"}
    assert b"json/plain" not in sealed.SerializeToString()
    assert b"must not be read" not in sealed.SerializeToString()


async def test_the_same_payload_is_never_written_alike() -> None:
    same = codec("old", old=OLD)
    assert (await encrypted(same)).data != (await encrypted(same)).data


async def test_after_a_rotation_the_new_key_writes_and_the_old_one_still_reads() -> None:
    before, after = codec("old", old=OLD), codec("new", old=OLD, new=NEW)
    history = [await encrypted(before), await encrypted(after)]
    assert [sealed.metadata["key-id"] for sealed in history] == [b"old", b"new"]
    assert await after.decode(history) == [PLAIN, PLAIN]


async def test_a_key_that_settings_lack_is_named() -> None:
    sealed = await encrypted(codec("old", old=OLD))
    with pytest.raises(MissingKey) as missing:
        codec("new", new=NEW, next=OTHER).open(sealed)
    sentence = "a payload needs payload key 'old', but settings hold only: new, next (payload_keys)"
    assert str(missing.value) == sentence


async def test_another_key_of_the_same_id_is_refused() -> None:
    sealed = await encrypted(codec("old", old=OLD))
    with pytest.raises(MissingKey, match="payload key 'old' in settings did not write this payload"):
        codec("old", old=OTHER).open(sealed)


@given(st.data())
async def test_a_payload_that_was_tampered_with_is_refused(data: st.DataObject) -> None:
    ours = codec("old", old=OLD, new=NEW)
    sealed = await encrypted(ours)
    position = data.draw(st.integers(0, len(sealed.data) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    torn = bytes(byte ^ bit if index == position else byte for index, byte in enumerate(sealed.data))
    with pytest.raises(MissingKey, match="did not write this payload"):
        ours.open(Payload(metadata=dict(sealed.metadata), data=torn))


@pytest.mark.parametrize("length", [0, 5, 12, 27])
async def test_a_payload_that_was_cut_is_refused(length: int) -> None:
    ours = codec("old", old=OLD)
    sealed = await encrypted(ours)
    with pytest.raises(MissingKey, match="did not write this payload"):
        ours.open(Payload(metadata=dict(sealed.metadata), data=sealed.data[:length]))


async def test_a_payload_whose_key_id_was_exchanged_is_refused() -> None:
    ours = codec("old", old=OLD, new=OLD)
    sealed = await encrypted(ours)
    exchanged = Payload(metadata={**sealed.metadata, "key-id": b"new"}, data=sealed.data)
    with pytest.raises(MissingKey, match="payload key 'new' in settings did not write this payload"):
        ours.open(exchanged)


@given(st.builds(Payload, data=st.binary(), metadata=st.dictionaries(st.text(max_size=9), st.binary())))
async def test_what_was_never_encrypted_is_refused(payload: Payload) -> None:
    ours = codec("old", old=OLD)
    with pytest.raises(NotEncrypted, match="a payload that no payload key encrypted is refused"):
        ours.open(payload)
    [stand_in] = await ours.decode([payload])
    assert isinstance(refusal_of(stand_in), NotEncrypted)


async def test_what_a_proven_key_does_not_open_is_refused_for_good() -> None:
    """Until then it may be the ring that is wrong, and whatever reads it waits for the right one."""
    ours = codec("old", old=OLD)
    sealed = await encrypted(ours)
    garbage = Payload(metadata=dict(sealed.metadata), data=sealed.data[:-1] + b"?")
    assert isinstance(refusal_of((await ours.decode([garbage]))[0]), MissingKey)
    assert await ours.decode([sealed]) == [PLAIN]
    assert isinstance(refusal_of((await ours.decode([garbage]))[0]), NotEncrypted)


async def test_a_stand_in_keeps_the_words_of_a_missing_key() -> None:
    sealed = await encrypted(codec("old", old=OLD))
    [stand_in] = await codec("new", new=NEW).decode([sealed])
    assert "needs payload key 'old'" in str(refusal_of(stand_in))


def test_a_ring_shows_no_key() -> None:
    ring = PayloadKeys("old", {"old": b"k" * 32})
    assert "k" * 8 not in f"{ring!r} {ring}"


async def test_the_keys_of_a_message_are_found_wherever_its_payloads_stand() -> None:
    """In lists, tables, failures in failures, headers, memo, summaries; search attributes are never encrypted."""
    sealed = {name: await encrypted(codec(name, **{name: OLD})) for name in "abcdefg"}
    inner = Failure(encoded_attributes=sealed["a"])
    failure = Failure(
        cause=inner, application_failure_info=ApplicationFailureInfo(details=Payloads(payloads=[PLAIN, sealed["b"]]))
    )
    started = WorkflowExecutionStartedEventAttributes(
        input=Payloads(payloads=[sealed["c"]]),
        continued_failure=failure,
        memo=Memo(fields={"ticket": sealed["d"]}),
        header=Header(fields={"trace": sealed["e"]}),
        search_attributes=SearchAttributes(indexed_fields={"DurabaseStatus": PLAIN}),
    )
    event = HistoryEvent(
        workflow_execution_started_event_attributes=started, user_metadata=UserMetadata(summary=sealed["f"])
    )
    running = PendingActivityInfo(heartbeat_details=Payloads(payloads=[sealed["g"]]), last_failure=inner)
    assert key_ids(event) == set("abcdef")
    assert key_ids(DescribeWorkflowExecutionResponse(pending_activities=[running])) == {"a", "g"}
    assert key_ids(HistoryEvent()) == set()


async def test_another_program_s_encryption_counts_for_no_key_of_ours() -> None:
    theirs = Payload(metadata={"encoding": b"binary/theirs", "key-id": b"theirs"}, data=b"x")
    assert key_ids(Payloads(payloads=[theirs])) == set()
