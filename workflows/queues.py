"""Task queues come from here and nowhere else."""

WORKFLOWS = "durabase"
"""The queue of all workflows."""


def cloud_queue(cloud: str) -> str:
    """Return the queue of the activities on one cloud."""
    return f"{WORKFLOWS}/cloud/{cloud}"


def engine_queue(engine: str, cloud: str) -> str:
    """Return the queue of one engine's activities on the guests of one cloud."""
    return f"{WORKFLOWS}/engine/{engine}/{cloud}"
