import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from datastores.mysql import parameters
from datastores.mysql.manager import MysqlManager
from datastores.mysql.parameters import MariadbParameter
from model.errors import PlanRefused
from model.spec import Setting
from tests.datastores.cluster import engine_keys
from tests.datastores.mysql.requests import spec

VERSION = "mariadb-10.11"
KNOWN = parameters.configuration_manager(VERSION)


@pytest.mark.parametrize(
    ("name", "value", "rendered"),
    [
        ("max_connections", 250, '"250"'),
        ("innodb_buffer_pool_size", "256M", '"256M"'),
        ("innodb_flush_log_at_trx_commit", 2, '"2"'),
        ("Innodb-Buffer-Pool-Size", "1GB", '"1GB"'),
        ("innodb_log_file_size", "4097K", '"4097K"'),
        ("max_connections", "+0250", '"+0250"'),
        ("loose-max-connections", 250, '"250"'),
        ("long_query_time", ".5", '".5"'),
        ("long_query_time", "1e-2", '"1e-2"'),
        ("binlog_format", 2, '"ROW"'),
        ("binlog_format", "r", '"ROW"'),
        ("sql_mode", 5, '"5"'),
        ("optimizer_switch", "MRR=ON", '"MRR=ON"'),
        ("character_set_server", "utf8", '"utf8mb3"'),
        ("default_time_zone", "+2:00", '"+2:00"'),
        ("port", 3306, '"3306"'),
        ("log-slave-updates", True, '"ON"'),
        ("long_query_time", 0.5, '"0.5"'),
        ("slow_query_log", True, '"ON"'),
        ("slow_query_log", "false", '"OFF"'),
        ("transaction_isolation", "read-committed", '"READ-COMMITTED"'),
        ("sql_mode", "ANSI_QUOTES,STRICT_ALL_TABLES", '"ANSI_QUOTES,STRICT_ALL_TABLES"'),
        ("optimizer_switch", "index_merge=off,mrr=on", '"index_merge=off,mrr=on"'),
        ("default_time_zone", "+02:00", '"+02:00"'),
        ("character_set_server", "latin1", '"latin1"'),
        ("init_connect", 'SET @a = "b\\c"', '"SET @a = \\"b\\\\c\\""'),
    ],
)
def test_an_allowed_value_is_rendered_as_the_option_file_has_it(name: str, value: Setting, rendered: str) -> None:
    KNOWN.check({name: value})
    assert KNOWN.render({name: value}) == {name.lower().replace("-", "_").removeprefix("loose_"): rendered}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("max_connections", 5, "a whole number from 20 to 10000"),
        ("max_connections", "many", "a whole number from 20 to 10000"),
        ("max_connections", True, "a whole number from 20 to 10000"),
        ("port", 3307, "3306, or left out: durabase sets it for each member"),
        ("skip-name-resolve", "off", "'on', or left out: users log in from every address"),
        ("sql_mode", "ANSI_QUOTES,", "a list, separated by commas, of REAL_AS_FLOAT"),
        ("binlog_format", 1, "one of MIXED, ROW"),
        ("binlog_format", "S", "one of MIXED, ROW"),
        ("default_storage_engine", 1, "one of Aria"),
        ("long_query_time", "1.5s", "a number from 0 to 31536000"),
        ("loose_max_connections", "5", "a whole number from 20 to 10000"),
        ("long_query_time", -1, "a number from 0 to 31536000"),
        ("slow_query_log", "perhaps", "on or off"),
        ("binlog_format", "STATEMENT", "one of MIXED, ROW"),
        ("sql_mode", "ANSI_QUOTES,NICE", "a list, separated by commas, of REAL_AS_FLOAT"),
        ("optimizer_switch", "index_merge=perhaps", "a list of its switches, such as index_merge=off"),
        ("default_time_zone", "Europe/Vienna", "SYSTEM, or a distance from UTC"),
        ("init_connect", "SELECT 1\nSELECT 2", "a text of printable characters"),
        ("binlog_expire_logs_seconds", 60, "a whole number from 86400 to 8553600"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(name: str, value: Setting, allowed: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        KNOWN.check({name: value})
    assert str(refused.value).startswith(f"configuration.{name} {value!r} is not allowed: it must be {allowed}")


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(PlanRefused, match="configuration 'max_conections' is not allowed: it must be a parameter"):
        KNOWN.check({"max_conections": 5})


@pytest.mark.parametrize(
    "name",
    [
        *("server_id", "datadir", "log_error", "innodb_data_file_path", "ssl_ca", "wsrep_mode", "read_only"),
        *("replicate_do_db", "slave_skip_errors", "innodb_fast_shutdown", "timestamp", "version", "report_host"),
        *("gtid_domain_id", "sql_select_limit", "log_bin", "secure_file_priv", "general_log_file"),
    ],
)
def test_what_is_durabases_or_no_setting_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^configuration '{name}' is not allowed: \w+"):
        KNOWN.check({name: 1})


def test_what_needs_a_restart_is_known() -> None:
    assert KNOWN.parameters["innodb_log_file_size"].needs_restart is False
    assert KNOWN.parameters["innodb_buffer_pool_chunk_size"].needs_restart
    assert not KNOWN.parameters["max_connections"].needs_restart


@pytest.mark.parametrize(
    ("configuration", "fits"),
    [
        ({}, True),
        ({"collation_server": "utf8mb4_bin"}, True),
        ({"collation_server": "latin1_bin"}, False),
        ({"collation_server": "latin1_bin", "character_set_server": "latin1"}, True),
        ({"collation_server": "utf8mb3_bin", "character_set_server": "utf8"}, True),
        ({"collation_server": "utf8mb4_bin", "character_set_server": "latin1"}, False),
        ({"character_set_server": "latin1"}, True),
    ],
)
def test_a_collation_belongs_to_the_character_set(configuration: dict[str, Setting], fits: bool) -> None:
    request = spec(configuration=configuration)
    if fits:
        parameters.check_collation(request)
        return
    with pytest.raises(PlanRefused, match=r"^configuration\.collation_server '\w+' is not allowed: it must be one of "):
        parameters.check_collation(request)


@pytest.mark.parametrize(
    ("character_set", "collate"),
    [
        (None, None),
        ("latin1", None),
        ("UTF8MB4", None),
        (None, "latin1_german1_ci"),
        (None, "binary"),
        ("binary", "binary"),
        ("binary", None),
        ("utf8mb4", "utf8mb4_uca1400_nopad_as_ci"),
        ("UTF8MB4", "utf8mb4_BIN"),
    ],
)
def test_a_database_has_a_character_set_a_collation_both_or_neither(
    character_set: str | None, collate: str | None
) -> None:
    shop = {"name": "shop", "character_set": character_set, "collate": collate}
    parameters.check_character_sets(spec(databases=[{"name": "log"}, shop]).databases, VERSION)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"character_set": "utf8"}, r"character_set 'utf8' is not allowed: it must be one of armscii8, .*, utf8mb4"),
        ({"collate": "utf8mb4"}, r"collate 'utf8mb4' is not allowed: it must be one of armscii8_bin, .* in all\)"),
        (
            {"character_set": "utf8mb4", "collate": "latin1_bin"},
            r"collate 'latin1_bin' is not allowed: it must be one of the collations of utf8mb4: utf8mb4_bin, .* all\)",
        ),
        (
            {"character_set": "latin1", "collate": "latin1_klingon_ci"},
            r"collate 'latin1_klingon_ci' is not allowed: it must be one of the collations of latin1: latin1_bin, .*",
        ),
        (
            {"character_set": "dec8", "collate": "binary"},
            "collate 'binary' is not allowed: it must be one of the collations of dec8: dec8_bin, dec8_nopad_bin, "
            "dec8_swedish_ci, dec8_swedish_nopad_ci",
        ),
        (
            {"character_set": "binary", "collate": "latin1_bin"},
            "collate 'latin1_bin' is not allowed: it must be one of the collations of binary: binary",
        ),
    ],
)
def test_a_character_set_or_collation_that_cannot_be_is_refused_in_one_sentence(
    fields: dict[str, str], sentence: str
) -> None:
    databases = spec(databases=[{"name": "log"}, {"name": "shop", **fields}]).databases
    with pytest.raises(PlanRefused) as refused:
        parameters.check_character_sets(databases, VERSION)
    assert re.fullmatch(rf"databases\.shop\.{sentence}", str(refused.value))


def test_every_character_set_has_collations_and_every_collation_one() -> None:
    sets, collations = (values_of(name) for name in (parameters.CHARACTER_SET, parameters.COLLATION))
    assert {name.split("_")[0] for name in collations} == set(sets)
    assert [name for name in (*sets, *collations) if name != name.lower()] == []


def values_of(name: str) -> tuple[str, ...]:
    parameter = KNOWN.parameters[name]
    assert isinstance(parameter, MariadbParameter)
    return parameter.values


@given(st.sampled_from(sorted(set(KNOWN.parameters) - set(KNOWN.reserved))), st.text(max_size=20) | st.integers())
def test_every_value_is_rendered_or_refused(name: str, value: Setting) -> None:
    parameter = KNOWN.parameters[name]
    assert isinstance(parameter, MariadbParameter)
    problem = parameter.problem(value)
    assert problem is None or problem.isprintable()
    if problem is None:
        rendered = parameter.render(value)
        assert rendered.startswith('"')
        assert rendered.isprintable()


@pytest.mark.parametrize(
    ("configuration", "memory", "key"),
    [
        ({"innodb_buffer_pool_size": "600M"}, 512, "innodb_buffer_pool_size"),
        ({"innodb_buffer_pool_size": "512M"}, 512, None),
        ({"innodb_log_file_size": "10G"}, 2**20, "innodb_log_file_size"),
        ({"innodb_log_file_size": "9G"}, 512, None),
        ({"max_connections": 100}, 1, None),
    ],
)
def test_what_a_server_takes_at_its_start_must_be_there(
    configuration: dict[str, Setting], memory: int, key: str | None
) -> None:
    request = spec(configuration=configuration, volume_size=10)
    found = MysqlManager(engine_keys("mysql")).conflict(request, VERSION, memory)
    assert (found.key if found else None) == key
