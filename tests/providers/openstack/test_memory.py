"""What is remembered of a cloud, and for how long."""

import time

import pytest

from model.errors import ProviderRefused
from providers.openstack import memory
from providers.openstack.memory import Memory


class Cloud:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return self.asked


def test_it_is_asked_once_for_each_key() -> None:
    known, cloud = Memory(), Cloud()
    assert [known.ask(key, cloud) for key in ("small", "small", "large", "small")] == [1, 1, 2, 1]


def test_it_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    known, cloud = Memory(), Cloud()
    known.ask("small", cloud)
    monkeypatch.setattr(memory, "REMEMBERED_SECONDS", -1.0)
    assert known.ask("small", cloud) == 2


def test_what_is_refused_is_not_remembered() -> None:
    known, cloud = Memory(), Cloud()

    def refuse() -> int:
        raise ProviderRefused("there is no flavor small")

    with pytest.raises(ProviderRefused):
        known.ask("small", refuse)
    assert known.ask("small", cloud) == 1


def test_only_what_is_older_is_forgotten() -> None:
    known, cloud = Memory(), Cloud()
    before = time.monotonic()
    known.ask("small", cloud)
    assert not known.forget(before)
    assert known.ask("small", cloud) == 1
    assert known.forget(time.monotonic() + 1)
    assert known.ask("small", cloud) == 2
