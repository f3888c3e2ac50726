"""How requests wait, and how long: no request without a timeout, none sooner than a cloud asked for, none too late."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from keystoneauth1.session import TCPKeepAliveAdapter

from model.errors import ProviderError

CALL_SECONDS = 30.0
"""The longest that a connection, or any read of an answer, may take."""

LONGEST_REST = 120.0
"""A cloud that asks for a longer rest is asked again after this, in seconds."""

CONNECTIONS = 64
"""Kept open to each service: as many calls as a worker's threads have under way (`cloud_threads` of each kind)."""

TOO_MANY, UNAVAILABLE = 429, 503


class PatientAdapter(TCPKeepAliveAdapter):
    """The HTTP connections of one cloud. It respects Retry-After, and the time that `within` grants.

    In place of waiting it raises ProviderError: the activity that called is retried later, and holds no thread
    meanwhile.
    """

    def __init__(self) -> None:
        super().__init__(pool_maxsize=CONNECTIONS)
        self._rests_until: dict[str, float] = {}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, unless its service is to be left alone or the caller's time is over."""
        service = urlsplit(request.url or "").netloc
        left = self._rests_until.get(str(service), 0.0) - time.monotonic()
        if left > 0:
            raise ProviderError(f"{service} asked to be left alone for another {left:.0f} s")
        _require_time()
        response = super().send(request, *args, **kwargs)
        if response.status_code in (TOO_MANY, UNAVAILABLE):
            self._rests_until[str(service)] = time.monotonic() + retry_after(response.headers, datetime.now(UTC))
        return response


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds that an answer asks to wait, given as such or as a date (RFC 9110, section 10.2.3), or 0."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value) if value.strip().isdecimal() else (parsedate_to_datetime(value) - now).total_seconds()
    except (TypeError, ValueError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_REST)


_granted = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let this thread begin no request later than `seconds` from now: it gets a ProviderError in place of an answer.

    So there is a time after which what a create asked for takes effect no more, however many requests it makes.
    """
    _granted.until, _granted.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _granted.until = None


def _require_time() -> None:
    until: float | None = getattr(_granted, "until", None)
    if until is not None and time.monotonic() > until:
        raise ProviderError(f"the cloud took more than the {_granted.seconds:g} s that one attempt has")
