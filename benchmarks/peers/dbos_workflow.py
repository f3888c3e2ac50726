"""DBOS on PostgreSQL: one workflow of five steps, started through a queue; the wait is a durable sleep.

A worker that is killed and started again under its own executor id takes up what it had (DBOS's recovery without
Conductor).
"""

import os
import threading

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions

from benchmarks import five_steps
from benchmarks.peers.program import names, run_as

QUEUE = "builds"
QUEUE_SECONDS = 0.1
"""How often an idle worker looks at the queue; DBOS's own default is a second."""


@DBOS.step()
def step(name: str, cluster: str) -> None:
    """Do a step."""
    five_steps.perform(name, cluster)


@DBOS.step()
def look(cluster: str) -> bool:
    """Look whether the server is built."""
    return five_steps.is_built(cluster)


@DBOS.workflow()
def provision(cluster: str) -> None:
    """Build."""
    step(five_steps.CREATE_SERVER, cluster)
    while not look(cluster):
        DBOS.sleep(five_steps.POLL_SECONDS)
    for name in (five_steps.PREPARE, five_steps.POST_PREPARE, five_steps.CLUSTER_COMPLETE):
        step(name, cluster)


def _launch() -> None:
    config: DBOSConfig = {
        "name": "five_steps",
        "system_database_url": os.environ["BENCH_POSTGRES"],
        "executor_id": os.environ.get("BENCH_WORKER", "install"),
        "application_version": "1",
        "run_admin_server": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=QUEUE_SECONDS)


def _work() -> None:
    _launch()
    threading.Event().wait()


def _submit() -> None:
    client = DBOSClient(system_database_url=os.environ["BENCH_POSTGRES"])
    for name in names():
        options: EnqueueOptions = {"queue_name": QUEUE, "workflow_name": "provision", "workflow_id": name}
        client.enqueue(options, name)


if __name__ == "__main__":
    # The decorated functions must be found under the module's own name by every process.
    from benchmarks.peers import dbos_workflow

    run_as(dbos_workflow._work, dbos_workflow._submit, dbos_workflow._launch)
