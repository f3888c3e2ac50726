"""Every spelling is judged as the real server judges it, parameter by parameter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datastores.postgresql import rules
from datastores.postgresql.parameters import configuration_manager, quote
from model.errors import PlanRefused
from tests.datastores.postgresql.server import data_directory, run

KNOWN = configuration_manager("18")

NUMBERS = (
    *("1", "0", "2", "7", "16", "17", "32", "100", "1000", "-1", "-2", "+5", " 5", "5 ", " 5 kB"),
    *(".9", "1.", ".", "-", "1e-2", "1e2", "1E2", "1e", "e1", "1e400", "1e-400", "1e-310", "2.5e-308", "0e-999"),
    *("0.5", "1.5", "2.5", "-0.5", "0x10", "0x1.8p1", "0X1F", "0x", "0x.8", "0x0p9999999", "0x1p9999", "0x1e", "12e1"),
    *("010", "010.5", "09", "08MB", "1e2MB", "1_000", "1,5", "٣", "--1", "+-1"),
    *("0.1GB", "0.1MB", "1.3kB", "100MB", "64kB", "1TB", "1 MB", "4mb", "4M", "100B", "1025B", "1MBs", "1 M B", "MB"),
    *("1ms", "1s", "1us", "1500us", "500us", "1min", "0.5min", "1.7h", "1d", "1mins", "1e300d", "1e308TB"),
    *("999999999999", "99999999999999999999", "9" * 60, "0" * 30 + "1", "0x" + "f" * 40),
    *("2147483647", "2147483648", "-2147483648", "-2147483649", "2147483647.4", "2147483647.5"),
    *("nan", "inf", "infinity", "-inf", "NaN"),
)
BOOLEANS = (
    *("on", "off", "ON", "o", "of", "t", "tr", "true", "TRUE", "f", "fals", "false", "y", "ye", "yes", "n", "no"),
    *("truex", " on", "on ", "off "),
)
WORDS = (
    *("", "debug", "info", "archive", "hot_standby", "DEBUG1", "debug2", "none", "None", "all", "ALL", "lz4", "pglz"),
    *("replica", "LOGICAL", "iso_8601", "SCRAM", "C", "POSIX", "C.UTF-8", "C.utf8", "default", "Default", "india"),
    *("UTF8", "utf-8", "unicode", "latin1", "ISO 8859-1", "iso88592", "win1252", "windows-1252", "koi8", "SQL_ASCII"),
    *("MULE_INTERNAL", "sjis", "Shift_JIS", "abc", "klingon", "it's", "\\", "\\n", "a=b", "%m [%p]", "é", "☃"),
)
LISTS = (
    *("a, b", "a,,b", '"a', '"a b", c', "a b", '"$user", public', "$user", " a , b ", "a,", "*", 'x1, "y""z"', '"'),
    *("ANY 1 (*)", "any 2 (a,b)", 'FIRST 01 ( "x-y" , z )', "first (a)", "1 (2, 3)", "2 (a-b)", "any", "any 1(a)"),
    *("ANY 1 (a) ", "ANY 1 ()", "ISO, DMY", "DMY,ISO", "iso", "sql,mdy", "german", "Postgres, European", "ISO, SQL"),
    *("DMY, MDY", "US", "receipt, authentication", "receipt,on", "on, off", "RECEIPT", '"receipt"', "true, false"),
    *("set, inherit", "set", "Set", "view", "view, foreign-table", "slot_1, slot_2", "Slot", "slot-1"),
)
SPELLINGS = (*NUMBERS, *BOOLEANS, *WORDS, *LISTS)

LATER = {
    *("archive_library", "default_table_access_method", "default_text_search_config"),
    *("session_preload_libraries", "shared_preload_libraries", "log_timezone", "timezone"),
}
"""What the server takes as a text at first, and can or cannot use later; of time zones it takes the oddest."""

NARROWED = {*LATER, *rules.NEEDED, *rules.MINIMUM, *rules.MAXIMUM, *rules.REFUSED_VALUES}
"""Where durabase means to refuse what the server would take."""

# Parameters of libraries are judged only once they are loaded; the last cannot be on when others are.
JUDGED = sorted(
    name
    for name in KNOWN.parameters
    if name not in KNOWN.reserved and "." not in name and name != "log_statement_stats"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_directory(tmp_path_factory.mktemp("spellings"))


def refused_by_the_server(data: Path, lines: dict[str, str]) -> set[str]:
    """Return which parameters the server complains of: it reads its whole file before it gives up."""
    (data / "postgresql.conf").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    said = run("postgres", "-D", str(data), "-C", "port", "-c", "log_min_messages=log").stderr
    others = {"synchronous_standby_names"} if "number of synchronous standbys" in said else set()
    return {name for name in lines if f'"{name}"' in said.lower()} | others


def judged_otherwise(data: Path) -> Iterator[tuple[str, str, str]]:
    for spelling in SPELLINGS:
        allowed = {name for name in JUDGED if KNOWN.parameters[name].problem(spelling) is None}
        rendered = {name: KNOWN.parameters[name].render(spelling) for name in allowed}
        lines = {**dict.fromkeys(JUDGED, quote(spelling)), **rendered}
        refused = refused_by_the_server(data, lines)
        yield from ((name, spelling, "taken here, refused there") for name in sorted(allowed & refused))
        wrongly = {*JUDGED} - allowed - refused - NARROWED
        yield from ((name, spelling, "refused here, taken there") for name in sorted(wrongly))


def test_every_spelling_is_judged_as_the_server_judges_it(data: Path) -> None:
    assert list(judged_otherwise(data)) == []


@pytest.mark.parametrize(
    ("name", "canonical", "value"),
    [
        ("TimeZone", "timezone", "UTC"),
        ("WORK_MEM", "work_mem", "100"),
        ("sort_mem", "work_mem", "100"),
        ("App.Tenant", "app.tenant", "it's"),
    ],
)
def test_a_name_is_the_one_that_the_server_reads(data: Path, name: str, canonical: str, value: str) -> None:
    KNOWN.check({name: value})
    assert KNOWN.render({name: value}) == {canonical: quote(value)}
    (data / "postgresql.conf").write_text(f"{name} = {quote(value)}\n")
    assert run("postgres", "-D", str(data), "-C", canonical).stdout == f"{value}\n"


@pytest.mark.parametrize("name", ["app", "app.", ".tenant", "app.a.b", "1app.tenant", "auto_explain.no", "\u017fsl"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(PlanRefused, match="must be a parameter that this version knows"):
        KNOWN.check({name: "x"})
