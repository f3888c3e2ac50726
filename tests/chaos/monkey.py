"""Monkey: kills or freezes workers, kills local servers and the Temporal server, at random moments.

Workers and Temporal start again.
"""

import asyncio
import json
import os
import random
import signal
from contextlib import suppress
from typing import Self

from temporalio.service import RPCError

from model.cluster import Status
from tests.chaos.faults import Fault, Journal
from tests.house import House
from workflows.visibility import STATUS

WORKERS = 2
LIFE_SECONDS = 0.5, 15.0
"""How long a worker serves before it is killed."""

FROZEN = 0.35
"""Share of workers that are frozen before they are killed."""

FROZEN_SECONDS = 9.0, 16.0
"""Longer than the heartbeat timeout: another worker goes on with what the frozen one was at."""

AWAKE_SECONDS = 1.0, 5.0
"""How long a worker may then still do harm before it is killed."""

BETWEEN_SERVERS = 5.0, 15.0
KILLS_PER_RESTART = 15
"""The Temporal server is killed once after every so many workers, and at least once."""

POLL_SECONDS = 0.2


class Monkey:
    """Does harm while it is a context, until it has killed `kills` workers; at its end none is left."""

    def __init__(self, house: House, journal: Journal, seed: int, kills: int) -> None:
        self._house, self._journal, self._seed, self._most = house, journal, seed, kills
        first = min(kills, KILLS_PER_RESTART) // 2
        self._restarts_at = range(first, max(kills, first + 1), KILLS_PER_RESTART)
        self._dice = random.Random(seed)  # noqa: S311 - a run is to be repeated
        self._kills = 0
        self._killed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        doings = [*(self._worker(slot) for slot in range(WORKERS)), self._kill_servers()]
        self._tasks = [asyncio.create_task(doing) for doing in doings]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._house.kill_workers()

    async def has_killed(self, number: int) -> None:
        """Return once so many workers were killed. Raises what ended the monkey before that."""
        async with self._killed:
            await self._killed.wait_for(lambda: self._kills >= number or self._failed)
        for task in self._tasks:
            if task.done():
                task.result()

    @property
    def _failed(self) -> bool:
        """Whether one of the monkey's doings has come to an end that it should not have."""
        return any(task.done() and task.exception() is not None for task in self._tasks)

    async def _worker(self, slot: int) -> None:
        """Have a worker in a slot: when it has served for a while it is killed, and the next one starts."""
        number = 0
        while True:
            number += 1
            chaos = {"seed": f"{self._seed}/{slot}/{number}", "journal": str(self._journal.path)}
            worker = await self._house.spawn_worker("tests.chaos.worker", DURABASE_TEST_CHAOS=json.dumps(chaos))
            if not await self._serves(worker):
                continue
            await asyncio.sleep(self._dice.uniform(*LIFE_SECONDS))
            if self._kills >= self._most:
                await worker.wait()
            if self._dice.random() < FROZEN:
                self._freeze(worker)
                await self._count()
            else:
                await self._kill(worker)
                await self._count()

    def _freeze(self, worker: asyncio.subprocess.Process) -> None:
        """Stop a worker, and let it go on after a while, beside the one that took its place."""
        self._journal.note(Fault.WORKER_FROZEN)
        worker.send_signal(signal.SIGSTOP)
        frozen, awake = self._dice.uniform(*FROZEN_SECONDS), self._dice.uniform(*AWAKE_SECONDS)

        async def wake() -> None:
            await asyncio.sleep(frozen)
            worker.send_signal(signal.SIGCONT)
            await asyncio.sleep(awake)
            worker.kill()
            await worker.wait()

        self._tasks.append(asyncio.create_task(wake()))

    async def _serves(self, worker: asyncio.subprocess.Process) -> bool:
        """Wait until a worker polls; return False if it died, because Temporal was away when it started."""
        while True:
            try:
                if await self._house.polls(worker):
                    return True
            except RuntimeError:
                return False
            except RPCError:
                pass
            await asyncio.sleep(POLL_SECONDS)

    async def _kill(self, worker: asyncio.subprocess.Process) -> None:
        self._journal.note(Fault.WORKER_KILLED)
        worker.kill()
        await worker.wait()

    async def _count(self) -> None:
        """Count one more worker, and restart Temporal after some."""
        async with self._killed:
            number, self._kills = self._kills, self._kills + 1
            self._killed.notify_all()
        if number in self._restarts_at:
            self._journal.note(Fault.TEMPORAL_RESTARTED)
            await self._house.kill_server()
            await self._house.start_server()

    async def _kill_servers(self) -> None:
        """Kill local servers under builds, with all that runs on them, one a cluster at most."""
        hit: set[str] = set()
        while self._kills < self._most:
            await asyncio.sleep(self._dice.uniform(*BETWEEN_SERVERS))
            building = await self._building() - hit
            servers = [each for each in self._house.cloud.list_servers() if each.tag.cluster in building]
            if servers:
                victim = self._dice.choice(servers)
                hit.add(victim.tag.cluster)
                self._journal.note(Fault.SERVER_KILLED, victim.tag.cluster)
                for pid in self._house.processes_of(victim.id):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        await asyncio.Event().wait()

    async def _building(self) -> set[str]:
        """Return the clusters that are being built, none while Temporal is away."""
        query = f"ExecutionStatus = 'Running' AND {STATUS.name} = '{Status.BUILD}'"
        try:
            return {each.id async for each in self._house.client.list_workflows(query)}
        except RPCError:
            return set()
