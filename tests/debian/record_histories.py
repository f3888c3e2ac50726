"""Records the life of a MariaDB cluster on Debian machines, as root: `python -m tests.debian.record_histories`.

tests/record_histories.py records what the local cloud can show.
"""

import asyncio
import os
import sys

from tests.debian.life import debian_house, mysql
from tests.record_histories import record

if __name__ == "__main__":
    asyncio.run(record(mysql, debian_house))
    sys.stderr.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(0)
