"""What the cloud said a short while ago of what seldom changes, so that a slow cloud is not asked at each attempt."""

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

REMEMBERED_SECONDS = 300.0
"""Longer than the longest pause between two attempts (a minute), and than a port stays claimed."""


class Memory:
    """Answers of one cloud, for all threads; of two that ask at once both may ask the cloud, which does no harm."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[float, Any]] = {}

    def ask(self, key: Hashable, cloud: Callable[[], Answer]) -> Answer:
        """Return what is remembered of a key, else what `cloud` answers now; what it raises is not remembered."""
        known = self._answers.get(key)
        if known is None or time.monotonic() > known[0] + REMEMBERED_SECONDS:
            self._answers[key] = known = time.monotonic(), cloud()
        answer: Answer = known[1]
        return answer

    def forget(self, before: float) -> bool:
        """Forget what was answered before a moment of `time.monotonic`; return whether there was anything."""
        old = [key for key, (asked_at, _) in list(self._answers.items()) if asked_at < before]
        for key in old:
            self._answers.pop(key, None)
        return bool(old)
