"""TaskFlow, Octavia's engine: a linear flow, persisted in PostgreSQL, posted on a jobboard in Valkey.

As Octavia does: a claim that expires after thirty seconds and is kept alive while its flow runs, and a wait that looks
and sleeps in its thread. Octavia's conductor runs one flow at a time; this one runs as many as durabase has threads
for a step, since TaskFlow offers it.
"""

import logging
import os
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from oslo_utils import uuidutils
from taskflow import engines, task
from taskflow.conductors import backends as conductors
from taskflow.jobs import backends as jobboards
from taskflow.listeners import base as listeners
from taskflow.patterns import linear_flow
from taskflow.persistence import backends as persistences
from taskflow.persistence import models

from benchmarks import five_steps
from benchmarks.peers.program import names, run_as

AT_ONCE = 32
CLAIM_SECONDS = 30
BOARD = "builds"


class Step(task.Task):
    """One of the steps."""

    def execute(self, cluster: str) -> None:
        """Do it."""
        if self.name == five_steps.WAIT_FOR_SERVER:
            five_steps.wait_until_built(cluster)
        else:
            five_steps.perform(self.name, cluster)


class KeepClaim(listeners.Listener):
    """Keeps the claim of a flow that goes on, as Octavia's ExtendExpiryListener."""

    def __init__(self, engine: Any, job: Any) -> None:
        super().__init__(engine)
        self._job = job

    def _task_receiver(self, state: str, details: dict[str, Any]) -> None:  # noqa: ARG002 - TaskFlow's signature
        self._job.extend_expiry(CLAIM_SECONDS)


def make_flow() -> linear_flow.Flow:
    """Return the flow, which each conductor makes anew by this function's name."""
    return linear_flow.Flow("provision").add(*(Step(name=name) for name in five_steps.STEPS))


def _persistence() -> Any:
    return persistences.fetch({"connection": os.environ["BENCH_POSTGRES"], "max_pool_size": AT_ONCE})


def _install() -> None:
    with closing(_persistence().get_connection()) as connection:
        connection.upgrade()


def _jobboard(persistence: Any) -> Any:
    valkey = urlsplit(os.environ["BENCH_VALKEY"])
    conf = {"board": "redis", "host": valkey.hostname, "port": valkey.port, "namespace": BOARD}
    board = jobboards.fetch(BOARD, conf, persistence=persistence)
    board.connect()
    return board


def _work() -> None:
    logging.basicConfig(level=logging.WARNING)
    persistence = _persistence()
    board = _jobboard(persistence)
    claim = board.claim
    board.claim = lambda job, who, expiry=CLAIM_SECONDS: claim(job, who, expiry=expiry)
    conductor = conductors.fetch(
        "nonblocking",
        # Not a name that a dead worker had: whoever claims again what it holds itself keeps that claim from expiring.
        uuidutils.generate_uuid(),
        board,
        persistence=persistence,
        engine="serial",
        max_simultaneous_jobs=AT_ONCE,
        wait_timeout=0.1,
    )
    conductor._listeners_from_job = lambda job, engine: [KeepClaim(engine, job)]
    conductor.run()


def _submit() -> None:
    persistence = _persistence()
    board = _jobboard(persistence)
    for name in names():
        book, detail = models.LogBook(name), models.FlowDetail(name, uuidutils.generate_uuid())
        detail.meta["store"] = {"cluster": name}
        book.add(detail)
        with closing(persistence.get_connection()) as connection:
            connection.save_logbook(book)
            engines.save_factory_details(detail, make_flow, [], {}, backend=persistence)
        board.post(name, book, details={"flow_uuid": detail.uuid, "store": {"cluster": name}})


if __name__ == "__main__":
    # The flow's factory must be found under the module's own name by every process.
    from benchmarks.peers import taskflow_jobs

    run_as(taskflow_jobs._work, taskflow_jobs._submit, taskflow_jobs._install)
