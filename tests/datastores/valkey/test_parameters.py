"""Every open parameter is either refused with a sentence or taken by the real server."""

import re

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from datastores.valkey.describe import judge
from datastores.valkey.parameters import ValkeyParameter, configuration_manager
from model.base import refusal
from model.errors import PlanRefused
from model.spec import Setting

KNOWN = configuration_manager("9.1")
OPEN = [parameter for name, parameter in sorted(KNOWN.parameters.items()) if name not in KNOWN.reserved]
WORDS = [
    "",
    "yes",
    "No",
    "on",
    "100mb",
    "1GB",
    "5%",
    "101%",
    "-2",
    "+1",
    "007",
    "KEA",
    "3600 1",
    "normal 0 0 0",
    'a"b\\',
]


@st.composite
def overrides(draw: st.DrawFn) -> tuple[str, Setting]:
    parameter = draw(st.sampled_from(OPEN))
    assert isinstance(parameter, ValkeyParameter)
    edges = [limit + step for limit in (parameter.minimum, parameter.maximum) for step in (-1, 0, 1)]
    near = st.sampled_from([str(edge) for edge in edges])
    units = st.builds(
        "{}{}".format, st.integers(-2, 4096), st.sampled_from(["", "b", "k", "KB", "mb", "gb", "tb", "%"])
    )
    choices = st.sampled_from(parameter.values or WORDS)
    value = draw(st.one_of(near, units, choices, st.sampled_from(WORDS), st.booleans(), st.floats(), st.text()))
    return parameter.name, value


@settings(max_examples=200, deadline=None)
@given(overrides())
@example(("client-output-buffer-limit", "normal 0 0 0 Replica 256mb 64mb 60"))
@example(("latency-tracking-info-percentiles", "50 99.9 100.0"))
@example(("notify-keyspace-events", "Ag$lshzxeKEtmdn"))
@example(("maxmemory-clients", "100%"))
@example(("save", ""))
@example(("locale-collate", "C.UTF-8"))
def test_a_value_is_refused_with_a_sentence_or_taken_by_the_server(override: tuple[str, Setting]) -> None:
    name, value = override
    if KNOWN.parameters[name].problem(value) is not None:
        with pytest.raises(PlanRefused, match=re.escape(str(refusal(f"configuration.{name}", value, "")))):
            KNOWN.check({name: value})
    else:
        assert judge(f"{name} {KNOWN.render({name: value})[name]}") is None


@pytest.mark.parametrize(
    "name",
    [
        *("bind", "dir", "aclfile", "replicaof", "slaveof", "masterauth", "primaryauth", "PRIMARYAUTH"),
        *("requirepass", "cluster-node-timeout", "tls-cluster", "unixsocketperm", "server_cpulist"),
        *("replica-announce-ip", "slave-announce-ip"),
    ],
)
def test_what_durabase_or_the_host_decides_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^configuration '{name}' is not allowed: \w+ "):
        KNOWN.check({name: 1})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("appendonly", "no", "'yes', or left out: every member keeps its data by an append-only file"),
        ("slave-read-only", False, "'yes', or left out: durabase sets up replication with it"),
        ("enable-module-command", "local", "'no', or left out: it opens the server to its users"),
        ("cluster-enabled", "yes", "'no', or left out: the members are one primary and its replicas"),
    ],
)
def test_what_durabase_sets_may_be_said_and_nothing_else(name: str, value: Setting, sentence: str) -> None:
    KNOWN.check({name: KNOWN.own[KNOWN.named(name)]})
    with pytest.raises(PlanRefused) as refused:
        KNOWN.check({name: value})
    expected = f"configuration.{name} {value!r} is not allowed: it must be {sentence}"
    assert str(refused.value).startswith(expected)


@pytest.mark.parametrize("name", ["user", "include", "loadmodule", "rename-command", "maxmemroy"])
def test_what_is_no_parameter_is_refused(name: str) -> None:
    with pytest.raises(PlanRefused, match=f"configuration '{name}' is not allowed: it must be a parameter that"):
        KNOWN.check({name: 1})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("maxmemory", "1 gb", "an amount of memory from 0 bytes, such as 100mb (b, k, kb, m, mb, g, gb)"),
        ("maxmemory", True, "an amount of memory from 0 bytes"),
        ("proto-max-bulk-len", "1mb0", "an amount of memory from 1048576 bytes"),
        ("maxmemory-clients", "101%", "an amount of memory from 0 bytes, such as 100mb"),
        ("maxclients", 3, "a whole number from 32 to 1000000"),
        ("databases", 65537, "a whole number from 1 to 65536"),
        ("timeout", "1s", "a whole number from 0 to 2147483647"),
        ("appendfsync", "often", "one of everysec, always, no"),
        ("activerehashing", "on", "yes or no"),
        ("notify-keyspace-events", "Q", "letters out of Ag$lshzxeKEtmdn"),
        ("save", "3600", "a list of seconds and changes"),
        ("client-output-buffer-limit", "normal 0 0", "a class (normal, replica, pubsub)"),
        ("availability-zone", "a\nrequirepass x", "a text of printable characters"),
    ],
)
def test_a_refusal_says_what_is_allowed(name: str, value: Setting, sentence: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        KNOWN.check({name: value})
    assert str(refused.value).startswith(f"configuration.{name} {value!r} is not allowed: it must be {sentence}")


@pytest.mark.parametrize(
    ("name", "value", "rendered"),
    [
        ("activerehashing", False, '"no"'),
        ("MAXMEMORY", "", '""'),
        ("timeout", 60.0, '"60"'),
        ("maxmemory", "1Gb", '"1Gb"'),
        ("availability-zone", 'it\'s \\ "here"', '"it\'s \\\\ \\"here\\""'),
    ],
)
def test_values_are_rendered_as_the_file_spells_them(name: str, value: Setting, rendered: str) -> None:
    KNOWN.check({name: value})
    assert KNOWN.render({name: value}) == {name.lower(): rendered}


def test_it_is_known_what_only_a_start_changes() -> None:
    assert KNOWN.parameters["databases"].needs_restart
    assert not KNOWN.parameters["maxmemory"].needs_restart
