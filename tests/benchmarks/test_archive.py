import json
from pathlib import Path

from benchmarks.archive import machine, write


def test_numbers_are_kept_with_the_machine_and_its_load(tmp_path: Path) -> None:
    file = write("death", machine(), [{"engine": "durabase"}], tmp_path / "results")
    kept = json.loads(file.read_text())
    assert file.name == "death.json"
    assert kept["numbers"] == [{"engine": "durabase"}]
    assert {"at", "machine", "load", "load_after"} < kept.keys()
