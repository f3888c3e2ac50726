"""durabase's own way into a member: etcd's HTTP API (its gRPC gateway), over a connection that the guest opens.

So no password is ever on a command line or in an environment of the guest's.
"""

import base64
import io
import json
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from socket import socket
from typing import Any, cast

from datastores.client import bracketed
from datastores.context import InstanceContext, address_of
from durabase_etcd import layout
from model.cluster import Instance
from model.errors import GuestError

CHUNK_BYTES = 64 * 1024

Document = dict[str, Any]


@dataclass(frozen=True)
class Session:
    """Calls on one member, made from the member that `context` works on; without a token, nobody's."""

    context: InstanceContext
    member: Instance
    token: str = ""

    def call(self, path: str, **body: Any) -> Document:
        """Call a method of the API (`/v3/…`). Raises GuestError with the member's name and etcd's own words."""
        return self._request("POST", path, json.dumps(body).encode())

    def logged_in(self, user: str, password: str) -> "Session":
        """Return the session of a user. Raises GuestError."""
        token = self.call("/v3/auth/authenticate", name=user, password=password)["token"]
        return Session(self.context, self.member, token)

    def check_health(self) -> None:
        """Raise GuestError unless the member reads through a majority; nobody needs to log in for that."""
        self._request("GET", "/health", b"")

    def _request(self, method: str, path: str, body: bytes) -> Document:
        address = address_of(self.member)
        head = {
            "Host": f"{bracketed(address)}:{layout.CLIENT_PORT}",
            "Connection": "close",
            "Content-Length": str(len(body)),
            **({"Authorization": self.token} if self.token else {}),
        }
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        try:
            with closing(self.context.guest.open_connection(address, layout.CLIENT_PORT)) as connection:
                connection.sendall("\r\n".join(lines).encode() + body)
                received = b"".join(iter(lambda: connection.recv(CHUNK_BYTES), b""))
            status, document = _parsed(received)
        except (OSError, HTTPException, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise GuestError(f"etcd on {self.member.name} does not answer: {reason}", self.member.name) from error
        if status != HTTPStatus.OK:
            words = document.get("message") or document.get("error") or f"{document.get('reason') or 'unhealthy'}"
            raise GuestError(f"etcd on {self.member.name}: {words}", self.member.name)
        return document


def encoded(key: str) -> str:
    """Return a key as the API's JSON holds it."""
    return base64.b64encode(key.encode()).decode()


class _Received:
    """What http.client needs of a socket from which everything has been read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:  # noqa: ARG002 - socket's signature
        return io.BytesIO(self._data)


def _parsed(received: bytes) -> tuple[int, Document]:
    response = HTTPResponse(cast("socket", _Received(received)))
    response.begin()
    return response.status, json.loads(response.read())
