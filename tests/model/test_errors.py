"""Which failures may pass: what says nothing against the request must never end a build for good by itself."""

import pytest

from model.errors import (
    AttemptOver,
    DataLost,
    DeadlineExceeded,
    GuestError,
    GuestRefused,
    GuestUnreachable,
    NotEncrypted,
    PlanRefused,
    ProviderError,
    ProviderRefused,
    ReplicationBroken,
    ResourcesLeft,
    ServerLost,
    StepError,
    VolumeBlank,
    VolumeLost,
)

PASSES: list[type[StepError]] = [StepError, AttemptOver, ProviderError, GuestError]
ENDS: list[type[StepError]] = [
    PlanRefused,
    ProviderRefused,
    ServerLost,
    VolumeLost,
    DataLost,
    GuestUnreachable,
    GuestRefused,
    VolumeBlank,
    ReplicationBroken,
    DeadlineExceeded,
    ResourcesLeft,
    NotEncrypted,
]


@pytest.mark.parametrize("kind", [*PASSES, *ENDS], ids=lambda kind: kind.__name__)
def test_whether_the_same_attempt_could_succeed_later(kind: type[StepError]) -> None:
    assert kind.retryable is (kind in PASSES)


def test_every_failure_is_looked_at_here() -> None:
    def heirs(kind: type[StepError]) -> set[type[StepError]]:
        return {kind}.union(*map(heirs, kind.__subclasses__()))

    assert {kind for kind in heirs(StepError) if kind.__module__ == "model.errors"} == {*PASSES, *ENDS}


def test_a_failure_keeps_its_words_and_the_member_it_hit() -> None:
    error = ServerLost("server s-1 vanished", "orders-2")
    assert (str(error), error.member) == ("server s-1 vanished", "orders-2")
    assert ServerLost("it vanished").member is None
