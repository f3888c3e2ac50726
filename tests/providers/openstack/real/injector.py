"""Injector: what stands between the provider and the real cloud, and loses, delays and refuses."""

import re
import threading
import time
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests
from keystoneauth1.session import TCPKeepAliveAdapter

from providers.openstack.patience import PatientAdapter

SLOW_SECONDS = 3.0
"""Within what a call may take, and more than anybody waits for a second try."""


class Fault(StrEnum):
    """What happens to a request."""

    ANSWER_LOST = "the connection breaks after the cloud has done it"
    TIMEOUT = "the answer comes too late, though the cloud has done it"
    SERVER_ERROR = "500, and nothing is done"
    TOO_MANY = "429 with Retry-After, and nothing is done"
    SLOW = "the cloud takes its time, and does it"


class Injector(TCPKeepAliveAdapter):
    """Sends everything on, except what it was told to spoil; `sent` has each request that the cloud has answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sent: list[str] = []
        self._spoiled: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()

    def spoil(self, request: str, fault: Fault) -> None:
        """The next request whose "METHOD path" matches the pattern meets the fault, once."""
        self._spoiled.append((request, fault))

    @property
    def unmet(self) -> list[str]:
        """What was to be spoiled and never came."""
        return [request for request, _ in self._spoiled]

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Take the place of the network."""
        line = f"{request.method} {urlsplit(str(request.url)).path}"
        fault = self._take(line)
        if fault is Fault.SERVER_ERROR:
            return _answer(request, 500, {})
        if fault is Fault.TOO_MANY:
            return _answer(request, 429, {"Retry-After": "1"})
        if fault is Fault.SLOW:
            time.sleep(SLOW_SECONDS)
        response = super().send(request, *args, **kwargs)
        self.answered(line)
        if fault is Fault.ANSWER_LOST:
            raise requests.ConnectionError("the answer was lost")
        if fault is Fault.TIMEOUT:
            raise requests.ReadTimeout("the answer came too late")
        return response

    def answered(self, line: str) -> None:
        """Take note of a request that the cloud has answered, before anybody hears of it."""
        self.sent.append(line)

    def _take(self, line: str) -> Fault | None:
        with self._lock:
            for each in self._spoiled:
                if re.search(each[0], line):
                    self._spoiled.remove(each)
                    return each[1]
        return None


class SpoiledAdapter(PatientAdapter, Injector):
    """The provider's own adapter, with the injector in the network's place (the next class that it inherits from)."""


def _answer(request: requests.PreparedRequest, status: int, headers: dict[str, str]) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers.update(headers)
    response._content = b"{}"  # requests has no other way to make an answer
    return response
