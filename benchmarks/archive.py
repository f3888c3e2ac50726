"""Where numbers are kept: a JSON file for each table, with the machine and how busy it was."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return when, where and beside how much else something is measured."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}",
        "load": os.getloadavg(),
    }


def write(table: str, began: Mapping[str, Any], numbers: Any, folder: Path = FOLDER) -> Path:
    """Keep a table's numbers, with the machine as it was before and the load after; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{table}.json"
    file.write_text(json.dumps({**began, "load_after": os.getloadavg(), "numbers": numbers}, indent=1) + "\n")
    return file
