"""The faulty worker (tests/faulty_worker.py) on the real cloud, with the toy engine on guests that are not there.

Between it and the cloud stands an injector that does what the variable DURABASE_TEST_REQUESTS says, in JSON:
- "spoil": [[pattern, fault], …]: each once, by the injector (tests/providers/openstack/real/injector.py);
- "die": pattern: the worker dies once, when the cloud has done such a request and before it hears so;
- "forget": whether the first request to make each kind of thing goes out with a token that Keystone does not know.

Every request that the cloud has answered stands in the file `requests` of the state directory, one a line.
"""

import json
import os
import re
import signal
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

import requests

import worker
from providers.base import Provider
from providers.openstack.provider import OpenStackProvider
from settings import Settings
from tests import faulty_worker
from tests.datastores.guestless_engine import GuestlessManager
from tests.providers.openstack.real.injector import Fault, SpoiledAdapter

ENGINE = GuestlessManager.manager_name
ASKED: dict[str, Any] = json.loads(os.environ.pop("DURABASE_TEST_REQUESTS", "{}"))
REQUESTS = faulty_worker.STATE / "requests"
DIED = faulty_worker.STATE / "died"
TOKEN = "X-Auth-Token"

installed, make_provider = worker.installed, worker.make_provider


class WorkerAdapter(SpoiledAdapter):
    """Keeps its records in files, which outlive the worker."""

    def __init__(self) -> None:
        super().__init__()
        self._forgotten: set[str] = set()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send it, with a token that Keystone does not know where that is asked for, and it is the first such POST."""
        if ASKED.get("forget") and request.method == "POST" and TOKEN in request.headers:
            first = request.url not in self._forgotten
            self._forgotten.add(str(request.url))
            request.headers[TOKEN] = "forgotten" if first else request.headers[TOKEN]
        return super().send(request, *args, **kwargs)

    def answered(self, line: str) -> None:
        """Note a request; die where that is asked for."""
        with REQUESTS.open("a") as file:
            file.write(f"{line}\n")
        if (pattern := ASKED.get("die")) and re.search(pattern, line) and not DIED.exists():
            DIED.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def _engines(group: str) -> Mapping[str, EntryPoint]:
    if group != "datastores":
        return installed(group)
    stand_in = f"{GuestlessManager.__module__}:{GuestlessManager.__name__}"
    return {ENGINE: EntryPoint(ENGINE, stand_in, f"durabase.{group}")}


def _spoiled(settings: Settings, cloud: str) -> Provider:
    provider = make_provider(settings, cloud)
    if isinstance(provider, OpenStackProvider):
        adapter = WorkerAdapter()
        for pattern, fault in ASKED.get("spoil", []):
            adapter.spoil(pattern, Fault[fault])
        provider.connection.session.session.mount("http://", adapter)
    return provider


if __name__ == "__main__":
    setattr(worker, "installed", _engines)  # noqa: B010 - mypy rightly knows no such export
    setattr(worker, "make_provider", _spoiled)  # noqa: B010 - as above
    setattr(worker, "DurabasePlugin", faulty_worker.FaultyPlugin)  # noqa: B010 - as above
    worker.run()
