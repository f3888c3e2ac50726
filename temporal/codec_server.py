"""The codec endpoint: Temporal's remote codec protocol, for its Web UI and its CLI (docs.temporal.io/codec-server).

What asks it reads every payload, and gets sealed what it likes, so it looks at who asks first: a page of another
origin, a page that has made its name resolve to this host (DNS rebinding), another user of this host and, where a
token is set, a request without it are refused.
"""

import hmac
import json
import logging
import re
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from google.protobuf.json_format import MessageToJson, ParseDict, ParseError
from temporalio.api.common.v1 import Payload, Payloads

from keys import MissingKey
from model.base import BadInput, refusal
from model.errors import NotEncrypted
from temporal.codec import EncryptionCodec, PayloadKeys, is_encrypted
from temporal.masking import masked, refuse_masked
from temporal.sockets import Endpoint, connected

BODY_BYTES = 8 * 1024 * 1024
"""More than Temporal's largest message, 4 MiB, in base64."""

ROOT = 0
"""Reads every file of the key's owner anyway."""

LOOPBACK_HOST = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)

PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type, x-namespace, authorization",
    "Access-Control-Max-Age": "600",
}
"""What a page may send, said to the browser before it does (Fetch standard, CORS protocol)."""

logger = logging.getLogger("durabase.codec")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Access:
    """Who may ask: pages of these origins, whoever has the token; with `loopback`, only by this host's own names.

    With `uid`, only processes of that user and of root, on this host.
    """

    origins: tuple[str, ...]
    loopback: bool
    token: str | None = field(default=None, repr=False)
    uid: int | None = None


class CodecServer:
    """Decodes what people look at, with passwords masked, and encodes what they send."""

    def __init__(self, ring: PayloadKeys, access: Access) -> None:
        self._codec = EncryptionCodec(ring)
        self._access = access

    def app(self) -> web.Application:
        """Return the application. A namespace may stand before the action, as the CLI's templates have it."""
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[self._guard])
        for path, handler in (("/decode", self._decode), ("/encode", self._encode)):
            app.router.add_post(path, handler)
            app.router.add_post(f"/{{namespace}}{path}", handler)
        return app

    async def _decode(self, request: web.Request) -> web.StreamResponse:
        shown = [self._codec.open(each) if is_encrypted(each) else each for each in await _payloads(request)]
        return _answer([masked(payload) for payload in shown])

    async def _encode(self, request: web.Request) -> web.StreamResponse:
        plain = await _payloads(request)
        for payload in plain:
            refuse_masked(payload)
        return _answer(await self._codec.encode(plain))

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if (stranger := self._stranger(request)) is not None:
            return _refused(HTTPStatus.FORBIDDEN, stranger)
        if self._access.loopback and not LOOPBACK_HOST.fullmatch(request.host):
            return _refused(HTTPStatus.FORBIDDEN, refusal("Host", request.host, "127.0.0.1 or localhost"))
        if origin is not None and origin not in self._access.origins:
            allowed = ", ".join(self._access.origins) or "left out: codec_origins names none"
            return _refused(HTTPStatus.FORBIDDEN, refusal("Origin", origin, allowed))
        response = await self._reply(request, handler)
        if origin is not None:
            response.headers.update({"Access-Control-Allow-Origin": origin, "Vary": "Origin"})
        return response

    async def _reply(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "OPTIONS" and "Origin" in request.headers:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT)
        if not self._has_token(request):
            response = _refused(HTTPStatus.UNAUTHORIZED, BadInput("Authorization must be Bearer and the codec token"))
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        try:
            return await handler(request)
        except (BadInput, MissingKey, NotEncrypted) as error:
            return _refused(HTTPStatus.BAD_REQUEST, error)
        except web.HTTPRequestEntityTooLarge:
            too_large = BadInput(f"the body is not allowed: it must be at most {BODY_BYTES} bytes")
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - a bug, whose message may repeat a payload: where it is must do
            logger.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, RuntimeError("the codec endpoint failed: see its log"))

    def _stranger(self, request: web.Request) -> BadInput | None:
        """Return why the user whose process asks may not: loopback is open to every user of the host."""
        if self._access.uid is None:
            return None
        asker = _uid_of_peer(request)
        if asker in (self._access.uid, ROOT):
            return None
        allowed = f"{self._access.uid}, whose endpoint this is, as long as there is no codec_token"
        return refusal("the user id", "unknown" if asker is None else asker, allowed)

    def _has_token(self, request: web.Request) -> bool:
        token = self._access.token
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        same = hmac.compare_digest(given.encode(errors="surrogateescape"), (token or "").encode())
        return token is None or (same and scheme.lower() == "bearer")


def _uid_of_peer(request: web.Request) -> int | None:
    """Return whose process has the other end of a request's connection; None if that is not known."""
    if request.transport is None:
        return None
    peer, here = (request.transport.get_extra_info(name) for name in ("peername", "sockname"))
    socket = connected(Endpoint.of(*peer[:2]), Endpoint.of(*here[:2]))
    return socket.uid if socket else None


async def _payloads(request: web.Request) -> list[Payload]:
    body = await request.read()
    with suppress(ParseError, ValueError, RecursionError):  # whose words may repeat the body
        document = json.loads(body)
        if isinstance(document, dict):
            return list(ParseDict(document, Payloads(), ignore_unknown_fields=True).payloads)
    raise BadInput("the body is not allowed: it must be Temporal's Payloads in JSON")


def _answer(payloads: list[Payload]) -> web.Response:
    return web.json_response(text=MessageToJson(Payloads(payloads=payloads), indent=None))


def _refused(status: HTTPStatus, reason: Exception) -> web.Response:
    return web.Response(status=status, text=f"{reason}\n", headers={"X-Content-Type-Options": "nosniff"})
