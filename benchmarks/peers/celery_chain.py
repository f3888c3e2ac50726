"""Celery on Valkey, dtrove's engine: a chain of five tasks with late acknowledgement.

The wait is a retry with a countdown (Celery's guide, "Retrying"): it holds no process. `visibility_timeout` must be
longer than the longest countdown and task; its default, an hour, is also what a killed worker's tasks wait. Thirty
seconds here, said in docs/performance.md. No prefetch beyond a process's task, as the guide has it for acks_late.
"""

import os

from celery import Celery, Task, chain

from benchmarks import five_steps
from benchmarks.peers.program import names, run_as

VISIBILITY_SECONDS = 30
CONCURRENCY = "BENCH_PROCESSES"
"""Environment: how many child processes one worker forks."""

app = Celery("five_steps", broker=os.environ["BENCH_VALKEY"], backend=os.environ["BENCH_VALKEY"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
    result_backend_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
    broker_connection_retry_on_startup=True,
)


@app.task(name="step")
def step(name: str, cluster: str) -> None:
    """Do a step."""
    five_steps.perform(name, cluster)


@app.task(name="wait", bind=True, max_retries=None)
def wait(self: Task, cluster: str) -> None:
    """Look; if the server is not built, be called again later."""
    if not five_steps.is_built(cluster):
        raise self.retry(countdown=five_steps.POLL_SECONDS)


def _work() -> None:
    processes = os.environ.get(CONCURRENCY, "1")
    app.worker_main(["worker", "--loglevel=ERROR", "--concurrency", processes, "--without-gossip", "--without-mingle"])


def _submit() -> None:
    for name in names():
        chain(
            *(wait.si(name) if each == five_steps.WAIT_FOR_SERVER else step.si(each, name) for each in five_steps.STEPS)
        ).apply_async()


if __name__ == "__main__":
    run_as(_work, _submit)
