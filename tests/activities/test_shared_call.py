"""The shared call: one request for all who ask before it begins, none older than the question."""

import asyncio

import pytest

from activities import shared_call
from activities.shared_call import SharedCall
from model.errors import ProviderError


class Request:
    """A request that answers with its number once it may; it `begun` as often as that says."""

    def __init__(self) -> None:
        self.begun = 0
        self.gates: dict[int, asyncio.Event] = {}
        self.fails = False

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.gate(number).wait()
        if self.fails:
            raise ProviderError(f"request {number} failed")
        return number

    def gate(self, number: int) -> asyncio.Event:
        return self.gates.setdefault(number, asyncio.Event())


async def begun(request: Request, number: int) -> None:
    async with asyncio.timeout(10):
        while request.begun < number:
            await asyncio.sleep(0)


async def test_all_who_ask_before_it_begins_share_one_request() -> None:
    request = Request()
    request.gate(1).set()
    call = SharedCall(request)
    assert await asyncio.gather(*(call() for _ in range(50))) == [1] * 50
    assert request.begun == 1


async def test_who_asks_while_one_is_under_way_gets_a_later_one() -> None:
    request = Request()
    call = SharedCall(request)
    early = asyncio.create_task(call())
    await begun(request, 1)
    late = [asyncio.create_task(call()) for _ in range(50)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert request.begun == 1
    request.gate(1).set()
    request.gate(2).set()
    assert (await early, await asyncio.gather(*late)) == (1, [2] * 50)


async def test_one_that_hangs_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_call, "PATIENCE", 0.01)
    request = Request()
    call = SharedCall(request)
    hung = asyncio.create_task(call())
    await begun(request, 1)
    request.gate(2).set()
    assert await call() == 2
    assert not hung.done()
    request.gate(1).set()
    assert await hung == 1


async def test_who_is_cancelled_leaves_the_request_to_the_others() -> None:
    request = Request()
    call = SharedCall(request)
    first, second = asyncio.create_task(call()), asyncio.create_task(call())
    await begun(request, 1)
    first.cancel()
    await asyncio.wait([first])
    request.gate(1).set()
    assert (first.cancelled(), await second) == (True, 1)


async def test_an_error_reaches_all_who_share_it_and_the_next_asks_anew() -> None:
    request = Request()
    request.fails = True
    request.gate(1).set()
    request.gate(2).set()
    call = SharedCall(request)
    answers = await asyncio.gather(call(), call(), return_exceptions=True)
    assert [str(each) for each in answers] == ["request 1 failed"] * 2
    request.fails = False
    assert await call() == 2
