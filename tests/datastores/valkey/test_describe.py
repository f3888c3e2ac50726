from pathlib import Path

from datastores.valkey import describe

TABLE = Path(describe.__file__).parent / "templates" / "9.1" / "parameters.tsv"


def test_the_committed_table_is_what_the_real_server_says(tmp_path: Path) -> None:
    header, *committed = TABLE.read_text().splitlines()
    assert header.split("\t") == list(describe.COLUMNS)
    assert committed == describe.describe(tmp_path)


def test_the_server_judges_a_line_in_its_own_words() -> None:
    assert describe.judge("maxmemory 1gb") is None
    assert describe.judge("maxmemory much") == "argument must be a memory value"
    assert describe.judge('maxmemory "1gb') == "Unbalanced quotes in configuration line"
