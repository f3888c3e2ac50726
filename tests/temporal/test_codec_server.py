"""The codec endpoint over real HTTP: what it decodes and encodes, and whom it refuses."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload, Payloads

from model.password import MASK
from temporal.codec import EncryptionCodec, PayloadKeys
from temporal.codec_server import BODY_BYTES, Access, CodecServer
from tests import another_user
from tests.keys_for_tests import PAYLOAD_KEYS

WEB_UI = "https://temporal.example.org"
TOKEN = "a-token-for-tests-only"
SECRET = "correct horse battery staple"
CODEC = EncryptionCodec(PAYLOAD_KEYS)
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"name": "orders"}')

Client = TestClient[Any, Any]


@asynccontextmanager
async def serving(access: Access) -> AsyncIterator[Client]:
    async with TestClient(TestServer(CodecServer(PAYLOAD_KEYS, access).app())) as client:
        yield client


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    async with serving(Access((WEB_UI,), loopback=True)) as client:
        yield client


async def body(*payloads: Payload, codec: EncryptionCodec = CODEC) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=await codec.encode(payloads)))


async def answered(response: ClientResponse) -> list[Payload]:
    assert response.status == 200, await response.text()
    return list(ParseDict(await response.json(), Payloads()).payloads)


async def refused(response: ClientResponse, status: int) -> str:
    """Return the one sentence with which a request was refused."""
    said = await response.text()
    assert response.status == status, said
    assert said.count("\n") == 1
    assert response.content_type == "text/plain"
    return said.strip()


# What it does.


@pytest.mark.parametrize("path", ["/decode", "/decode?preserveStorageRefs=true", "/default/decode"])
async def test_it_decodes_what_this_ring_wrote_and_passes_the_rest_through(client: Client, path: str) -> None:
    sent = await body(PLAIN, PLAIN)
    sent["payloads"].append(MessageToDict(PLAIN))
    assert await answered(await client.post(path, json=sent)) == [PLAIN, PLAIN, PLAIN]


@pytest.mark.parametrize("path", ["/encode", "/default/encode"])
async def test_what_it_encodes_only_this_ring_reads(client: Client, path: str) -> None:
    sealed = await answered(await client.post(path, json=MessageToDict(Payloads(payloads=[PLAIN]))))
    assert "orders" not in str(sealed)
    assert await CODEC.decode(sealed) == [PLAIN]


async def test_no_payloads_are_none(client: Client) -> None:
    assert await answered(await client.post("/decode", json={})) == []


async def test_a_field_of_a_later_version_of_the_protocol_is_ignored(client: Client) -> None:
    assert await answered(await client.post("/decode", json={**await body(PLAIN), "more": 1})) == [PLAIN]


async def test_a_password_is_masked_and_its_mask_does_not_come_back(client: Client) -> None:
    given = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps({"password": SECRET}).encode())
    [shown] = await answered(await client.post("/decode", json=await body(given)))
    assert json.loads(shown.data) == {"password": MASK}
    again = await client.post("/encode", json=MessageToDict(Payloads(payloads=[shown])))
    assert (await refused(again, 400)).startswith(f"password '{MASK}' is not allowed")


# What it cannot read.


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'"payloads"', b"\xff", b'{"payloads": [3]}', b'{"payloads": [{"data": 3}]}', b"[" * 100_000],
    ids=["nothing", "torn", "list", "text", "no-utf-8", "numbers", "number", "deep"],
)
@pytest.mark.parametrize("path", ["/decode", "/encode"])
async def test_a_body_that_is_no_payloads_is_refused(client: Client, path: str, data: bytes) -> None:
    said = await refused(await client.post(path, data=data), 400)
    assert said == "the body is not allowed: it must be Temporal's Payloads in JSON"


async def test_a_key_that_it_lacks_is_named(client: Client) -> None:
    other = EncryptionCodec(PayloadKeys("lost", {"lost": b"l" * 32}))
    said = await refused(await client.post("/decode", json=await body(PLAIN, codec=other)), 400)
    assert said == "a payload needs payload key 'lost', but settings hold only: test (payload_keys)"


@pytest.mark.parametrize("key_id", ["test", "", "\udcff"], ids=["ours", "none", "no-utf-8"])
async def test_a_payload_that_no_key_wrote_is_refused(client: Client, key_id: str) -> None:
    raw = base64.b64encode(key_id.encode(errors="surrogateescape")).decode()
    encoding = base64.b64encode(b"binary/encrypted").decode()
    forged = {"metadata": {"encoding": encoding, "key-id": raw}, "data": base64.b64encode(b"x" * 60).decode()}
    assert "payload key" in await refused(await client.post("/decode", json={"payloads": [forged]}), 400)


async def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    said = await refused(await client.post("/decode", data=b" " * (BODY_BYTES + 1)), 413)
    assert said == f"the body is not allowed: it must be at most {BODY_BYTES} bytes"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/decode", 405), ("POST", "/", 404)])
async def test_there_is_nothing_else(client: Client, method: str, path: str, status: int) -> None:
    assert (await client.request(method, path)).status == status


# Whom it refuses.


async def test_the_web_ui_may_ask(client: Client) -> None:
    asks = {
        "Origin": WEB_UI,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-namespace,authorization",
    }
    preflight = await client.options("/decode?preserveStorageRefs=true", headers=asks)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == WEB_UI
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST"
    assert preflight.headers["Access-Control-Allow-Headers"] == "content-type, x-namespace, authorization"
    response = await client.post("/decode", json=await body(PLAIN), headers={"Origin": WEB_UI})
    assert response.headers["Access-Control-Allow-Origin"] == WEB_UI
    assert response.headers["Vary"] == "Origin"
    assert await answered(response) == [PLAIN]
    told = await client.post("/decode", data=b"{", headers={"Origin": WEB_UI})
    assert told.headers["Access-Control-Allow-Origin"] == WEB_UI, "the page may read why"
    await refused(told, 400)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{WEB_UI}.evil.example", f"{WEB_UI}:444", ""])
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
async def test_a_page_of_another_origin_is_refused_and_reads_nothing(client: Client, method: str, origin: str) -> None:
    response = await client.request(method, "/decode", json=await body(PLAIN), headers={"Origin": origin})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert await refused(response, 403) == f"Origin '{origin}' is not allowed: it must be {WEB_UI}"


async def test_without_any_web_ui_every_page_is_refused() -> None:
    async with serving(Access((), loopback=True)) as client:
        response = await client.post("/decode", json=await body(PLAIN), headers={"Origin": WEB_UI})
        assert (await refused(response, 403)).endswith("it must be left out: codec_origins names none")
        assert await answered(await client.post("/decode", json=await body(PLAIN))) == [PLAIN]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.1.2.3:8234", "[::1]:8234"])
async def test_this_host_s_own_names_are_answered(client: Client, host: str) -> None:
    assert await answered(await client.post("/decode", json=await body(PLAIN), headers={"Host": host})) == [PLAIN]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8234", "localhost.evil.example", ""])
async def test_a_name_that_somebody_made_resolve_to_loopback_is_refused(client: Client, host: str) -> None:
    response = await client.post("/decode", json=await body(PLAIN), headers={"Host": host, "Origin": WEB_UI})
    assert await refused(response, 403) == f"Host '{host}' is not allowed: it must be 127.0.0.1 or localhost"


async def test_where_it_is_not_on_loopback_it_has_any_name() -> None:
    async with serving(Access((), loopback=False, token=TOKEN)) as client:
        headers = {"Host": "codec.example.org", "Authorization": f"Bearer {TOKEN}"}
        assert await answered(await client.post("/decode", json=await body(PLAIN), headers=headers)) == [PLAIN]


@pytest.mark.parametrize(
    "given", [None, "", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ", f"Bearer {TOKEN}x", "Bearer \udcff"], ids=ascii
)
async def test_without_the_token_nothing_is_decoded(given: str | None) -> None:
    async with serving(Access((WEB_UI,), loopback=True, token=TOKEN)) as client:
        headers = {"Origin": WEB_UI} if given is None else {"Origin": WEB_UI, "Authorization": given}
        response = await client.post("/decode", json=await body(PLAIN), headers=headers)
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in await refused(response, 401)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_whoever_has_the_token_may_ask(scheme: str) -> None:
    async with serving(Access((WEB_UI,), loopback=True, token=TOKEN)) as client:
        headers = {"Authorization": f"{scheme} {TOKEN}"}
        assert await answered(await client.post("/decode", json=await body(PLAIN), headers=headers)) == [PLAIN]
        assert (await client.options("/decode", headers={"Origin": WEB_UI})).status == 204, "a preflight has no token"


@pytest.mark.parametrize("action", ["decode", "encode"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::", "::1"])
async def test_another_user_of_this_host_is_refused(action: str, host: str) -> None:
    """One that encoded for everybody would turn anybody's plain payload into an order."""
    access = Access((), loopback=True, uid=another_user.owner())
    async with TestServer(CodecServer(PAYLOAD_KEYS, access).app(), host=host) as server:
        url = f"http://{'[::1]' if host == '::1' else '127.0.0.1'}:{server.port}/{action}"
        said = await asyncio.to_thread(another_user.posted, url, json.dumps(await body(PLAIN)))
    assert said.startswith("HTTP/1.1 403 ")
    assert f"it must be {another_user.owner()}, whose endpoint this is, as long as there is no codec_token" in said
    assert "payloads" not in said


async def test_this_user_is_answered() -> None:
    async with serving(Access((WEB_UI,), loopback=True, uid=os.getuid())) as client:
        assert await answered(await client.post("/decode", json=await body(PLAIN))) == [PLAIN]


# What it shows of itself.


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Access((), loopback=True, token=TOKEN))


async def test_a_bug_is_logged_by_its_place_and_not_by_its_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(_: EncryptionCodec, payloads: list[Payload]) -> list[Payload]:
        raise RuntimeError(f"{SECRET} {payloads}")

    plain_body = await body(PLAIN)
    monkeypatch.setattr(EncryptionCodec, "encode", failing)
    async with serving(Access((), loopback=True)) as client:
        said = await refused(await client.post("/encode", json=plain_body), 500)
    assert said == "the codec endpoint failed: see its log"
    assert "RuntimeError\n" in caplog.text
    assert "codec_server.py" in caplog.text
    assert SECRET not in caplog.text
