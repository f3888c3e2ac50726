"""Retry-After is respected, and a create's time is bounded: against a real HTTP server."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from model.errors import ProviderError
from providers.openstack.patience import LONGEST_REST, PatientAdapter, retry_after, within

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)


class Service(ThreadingHTTPServer):
    """Answers every request with `status` and `headers`, and counts them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.headers, self.requests = 200, dict[str, str](), 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield service
        service.shutdown()
        thread.join()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", PatientAdapter())
        yield session


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("86400", LONGEST_REST),
        ("Sat, 21 Nov 2026 17:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 16:00:00 GMT", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float) -> None:
    assert retry_after({"Retry-After": value}, NOW) == seconds
    assert retry_after({}, NOW) == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_a_rest_gets_it(service: Service, session: requests.Session, status: int) -> None:
    service.status, service.headers = status, {"Retry-After": "60"}
    assert session.get(service.url, timeout=5).status_code == status
    for _ in range(2):
        with pytest.raises(ProviderError, match=rf"127.0.0.1:{service.server_port} asked to be left alone for another"):
            session.get(service.url, timeout=5)
    assert service.requests == 1


def test_another_service_is_not_kept_waiting(service: Service, session: requests.Session) -> None:
    service.status, service.headers = 429, {"Retry-After": "60"}
    session.get(service.url, timeout=5)
    with Service() as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert session.get(other.url, timeout=5).status_code == 200
        other.shutdown()
        thread.join()


def test_a_failure_without_retry_after_may_be_asked_again_at_once(service: Service, session: requests.Session) -> None:
    service.status = 503
    for _ in range(2):
        assert session.get(service.url, timeout=5).status_code == 503


def test_no_request_is_begun_after_its_time(service: Service, session: requests.Session) -> None:
    with within(60):
        assert session.get(service.url, timeout=5).status_code == 200
    with within(-1), pytest.raises(ProviderError, match="the cloud took more than the -1 s that one attempt has"):
        session.get(service.url, timeout=5)
    assert session.get(service.url, timeout=5).status_code == 200
    assert service.requests == 2
