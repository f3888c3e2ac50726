"""Every spelling is judged as the real server judges it, parameter by parameter."""

from collections.abc import Iterator
from typing import Any

import pytest
import valkey

from datastores.templates import parameter_rows
from datastores.valkey import parameters, rules
from datastores.valkey.describe import judge, running
from datastores.valkey.parameters import configuration_manager, quote

KNOWN = configuration_manager("9.1")

SPELLINGS = (
    *("", "0", "1", "5", "16", "32", "100", "1000", "65536", "-1", "-2", "+1", "007", " 5", ".5", "1.5", "1e3", "0x10"),
    *("1b", "1B", "7k", "7K", "7kb", "7Kb", "100m", "100MB", "1g", "1GB", "1gB", "1tb", "1 gb", "gb", "1kib", "00mb"),
    *("0%", "1%", "5%", "100%", "101%", "05%", "%", "-5%", "5.5%"),
    *("yes", "no", "YES", "No", "y", "on", "true", "off"),
    *("everysec", "ALWAYS", "allkeys-lru", "AllKeys-LRU", "lru", "debug", "strict", "disabled", "iso8601"),
    *("3600 1", "3600 1 300 100", "3600  1", "3600", "0 1", "1 0", "-1 1", " 3600 1", "3600 1 "),
    *("normal 0 0 0", "Replica 256mb 64mb 60", "slave 1 1 1", "pubsub 32mb 8mb 60 normal 0 0 0", "master 0 0 0"),
    *("normal 0 0", "normal 1% 0 0", "normal 0 0 0 ", "normal 0 0 -1", "normal 00 0 0"),
    *("50 99.9 100.0", "101", "50  99", "-1 5", "1e1", "50", "KEA", "kea", "Q", "AAA", "C", "POSIX", "C.UTF-8", "tlh"),
    *("ARM64-COW-BUG", "arm64-cow-bug", "it's", 'a"b\\', "é", "999999999999", "99999999999999999999", "9" * 150),
)

OPEN = sorted(KNOWN.parameters.keys() - KNOWN.reserved.keys())

NARROWED = {*rules.MINIMUM, *rules.MAXIMUM}
"""Where durabase means to refuse what the server would take."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running(tmp_path_factory.mktemp("v")) as client:
        yield client


def refuses(server: Any, name: str, spelling: str) -> bool:
    try:
        server.config_set(name, spelling)
    except valkey.ResponseError:
        return True
    return False


def test_no_spelling_is_refused_that_the_server_takes(server: Any) -> None:
    wrong = [
        (name, spelling)
        for spelling in SPELLINGS
        for name in OPEN
        if KNOWN.parameters[name].problem(spelling) is not None and name not in NARROWED
        # What only a start changes, a running server refuses whatever it is.
        if (KNOWN.parameters[name].needs_restart or not refuses(server, name, spelling))
        and judge(f"{name} {quote(spelling)}") is None
    ]
    assert wrong == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_is_taken_that_the_server_refuses(spelling: str) -> None:
    taken = [name for name in OPEN if KNOWN.parameters[name].problem(spelling) is None]
    lines = [f"{name} {KNOWN.parameters[name].render(spelling)}" for name in taken]
    assert judge("\n".join(lines)) is None


def test_every_name_of_the_table_that_is_no_parameter_is_an_old_name_of_one(server: Any) -> None:
    rows = {row["name"] for row in parameter_rows(parameters.__name__, "9.1")}
    old = {name: KNOWN.named(name) for name in rows - KNOWN.parameters.keys()}
    assert len(old) > 20
    for name, newer in old.items():
        for value in ("7", "no", "yes", "7"):
            refuses(server, newer, value)
            assert server.config_get(name)[name] == server.config_get(newer)[newer]


@pytest.mark.parametrize("name", ["TIMEOUT", "Timeout"])
def test_a_name_may_be_in_any_case(name: str) -> None:
    KNOWN.check({name: 60})
    assert KNOWN.render({name: 60}) == {"timeout": quote("60")}
    assert judge(f"{name} 60") is None
