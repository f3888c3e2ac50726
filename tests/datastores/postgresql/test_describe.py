from pathlib import Path

from datastores.postgresql import describe

TABLE = Path(describe.__file__).parent / "templates" / "18" / "parameters.tsv"


def test_the_committed_table_is_what_the_real_server_says(tmp_path: Path) -> None:
    committed = TABLE.read_text().splitlines()
    assert committed[0].split("\t") == list(describe.COLUMNS)
    assert committed[1:] == describe.describe(tmp_path, "18")
