"""The worker of a later release (tests/changed.py)."""

import worker
from tests.changed import ChangedPlugin

if __name__ == "__main__":
    setattr(worker, "DurabasePlugin", ChangedPlugin)  # noqa: B010 - mypy rightly knows no such export
    worker.run()
