"""Every open parameter is either refused with a sentence or taken by the real server."""

import re
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from datastores.postgresql.parameters import PostgresqlParameter, configuration_manager
from model.base import refusal
from model.errors import PlanRefused
from model.spec import Setting
from tests.datastores.postgresql.server import data_directory, run

KNOWN = configuration_manager("18")
OPEN = [parameter for name, parameter in sorted(KNOWN.parameters.items()) if name not in KNOWN.reserved]
STRINGS = {
    parameter.name for parameter in OPEN if isinstance(parameter, PostgresqlParameter) and parameter.type == "string"
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_directory(tmp_path_factory.mktemp("parameters"))


@st.composite
def overrides(draw: st.DrawFn) -> tuple[str, Setting]:
    parameter = draw(st.sampled_from(OPEN))
    assert isinstance(parameter, PostgresqlParameter)
    edges = [value for limit in (parameter.minimum, parameter.maximum) for value in (limit, limit - 1, limit + 1)]
    near = st.sampled_from([f"{edge:f}" for edge in edges if abs(edge) < Decimal(10**18)])
    units = st.builds(
        "{}{}".format, st.integers(-2, 4096), st.sampled_from(["", "kB", "MB", "GB", "ms", " s", "min", "d"])
    )
    words = st.sampled_from(
        ["", "on", "of", "t", "*", "a, b", "it's", "\\n", "ANY 1 (*)", 'FIRST 2 ("a-b", c)', "ISO, DMY"]
    )
    choices = st.sampled_from(parameter.values) if parameter.values else words
    value = draw(st.one_of(near, units, words, choices, st.booleans(), st.integers(-2, 2**31), st.floats(), st.text()))
    return parameter.name, value


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(overrides())
@example(("seq_page_cost", 1.1125369292536007e-308))
@example(("seq_page_cost", 1e-307))
def test_a_value_is_refused_with_a_sentence_or_taken_by_the_server(data: Path, override: tuple[str, Setting]) -> None:
    name, value = override
    if KNOWN.parameters[name].problem(value) is not None:
        with pytest.raises(PlanRefused, match=re.escape(str(refusal(f"configuration.{name}", value, "")))):
            KNOWN.check({name: value})
        return
    line = f"{name} = {KNOWN.render({name: value})[name]}\n"
    conf = data / "postgresql.conf"
    preload = f"shared_preload_libraries = '{library(name)}'\n" if "." in name else ""
    conf.write_text(preload + line)
    result = run("postgres", "-D", str(data), "-C", name)
    assert result.returncode == 0, f"{line}{result.stderr}"
    if isinstance(value, str) and name in STRINGS:
        assert result.stdout == f"{value}\n"


def library(name: str) -> str:
    prefix = name.partition(".")[0]
    return "vector" if prefix in ("hnsw", "ivfflat") else prefix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", "*"),
        ("data_directory", "/tmp"),  # noqa: S108 - refused
        ("primary_conninfo", "host=x"),
        ("server_version", "9.0"),
        ("transaction_read_only", True),
        ("ssl_cert_file", "x"),
        ("zero_damaged_pages", True),
    ],
)
def test_what_durabase_or_the_server_decides_is_refused_with_its_reason(name: str, value: Setting) -> None:
    with pytest.raises(PlanRefused, match=rf"^configuration '{name}' is not allowed: \w+ "):
        KNOWN.check({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hot_standby", "on"),
        ("HOT_STANDBY", True),
        ("port", 5432),
        ("password_encryption", "SCRAM-sha-256"),
        ("wal_level", "replica"),
        ("unix_socket_directories", ""),
    ],
)
def test_what_durabase_sets_may_be_said(name: str, value: Setting) -> None:
    KNOWN.check({name: value})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("hot_standby", "off", "'on', or left out: replicas answer reads"),
        ("hot_standby", "perhaps", "'on', or left out: replicas answer reads"),
        ("port", 1, "5432, or left out: durabase sets it for each member"),
        ("password_encryption", "md5", "'scram-sha-256', or left out: passwords are kept as SCRAM verifiers only"),
        ("work_mem", "12", "a whole number from 64 to 2147483647 of kB, or with a unit (B, kB, MB, GB, TB)"),
        ("work_mem", "4mb", "a whole number from 64 to 2147483647 of kB, or with a unit (B, kB, MB, GB, TB)"),
        ("max_wal_senders", 2, "a whole number from 10 to 262143"),
        ("wal_level", "minimal", "one of logical, replica"),
        ("jit", "perhaps", "on or off"),
        ("multixact_member_buffers", 33, "a multiple of 16"),
        ("vacuum_buffer_usage_limit", 16, "0, or from 128"),
        ("shared_preload_libraries", "evil", "a list of libraries out of auth_delay, auto_explain, "),
        ("log_line_prefix", "a\nb", "without line breaks and NUL"),
        ("work_mem", True, "a whole number from 64"),
        ("work_mem", "010kB", "a whole number from 64"),
    ],
)
def test_a_refusal_says_what_is_allowed(name: str, value: Setting, sentence: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        KNOWN.check({name: value})
    assert str(refused.value).startswith(f"configuration.{name} {value!r} is not allowed: it must be {sentence}")


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(PlanRefused, match="configuration 'wrok_mem' is not allowed"):
        KNOWN.check({"wrok_mem": 1})


@pytest.mark.parametrize(
    ("name", "value", "rendered"),
    [
        ("jit", "fal", "'off'"),
        ("jit", True, "'on'"),
        ("work_mem", " 64MB ", "' 64MB '"),
        ("WORK_MEM", "0.1GB", "'0.1GB'"),
        ("work_mem", 65536.0, "'65536'"),
        ("random_page_cost", 1.1, "'1.1'"),
        ("seq_page_cost", 1e-07, "'0.0000001'"),
        ("timezone", "europe/berlin", "'Europe/Berlin'"),
        ("log_line_prefix", "it's \\n", "'it''s \\\\n'"),
    ],
)
def test_values_are_rendered_as_the_file_spells_them(name: str, value: Setting, rendered: str) -> None:
    KNOWN.check({name: value})
    assert KNOWN.render({name: value}) == {name.lower(): rendered}


def test_only_postmaster_parameters_need_a_restart() -> None:
    assert KNOWN.parameters["shared_buffers"].needs_restart
    assert not KNOWN.parameters["work_mem"].needs_restart
