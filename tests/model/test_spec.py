"""A request: every field with whatever a person may write is either taken or refused in sentences that name it."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model.base import BadInput, bad_input
from model.spec import MAX_NODES, MAX_VOLUME_GIB, ClusterSpec, OnFailure

SECRET = "Tr0ub4dor&3-must-not-be-read"
GOOD: dict[str, Any] = {
    "name": "orders",
    "datastore": "postgresql",
    "version": "18",
    "cloud": "local",
    "nodes": 3,
    "flavor": "small",
    "volume_size": 10,
    "allowed_cidrs": ["10.1.0.0/16", "2001:db8::/48"],
    "databases": [{"name": "app", "character_set": "utf8mb4", "collate": "utf8mb4_bin"}],
    "users": [{"name": "app", "password": SECRET, "databases": ["app"]}, {"name": "reader"}],
    "configuration": {"work_mem": "8MB", "jit": False, "seed": 0.5, "max_connections": 50},
    "on_failure": "delete",
    "protected": True,
}

FIELDS = list(ClusterSpec.model_fields)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(SECRET)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9) | st.sampled_from([*FIELDS, "password"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def parsed(value: Any) -> ClusterSpec:
    """Return the spec. Raises BadInput, as every reader of requests does."""
    try:
        return ClusterSpec.model_validate(value)
    except ValidationError as error:
        raise bad_input(error, ClusterSpec) from None


def refusals(**changes: Any) -> list[str]:
    with pytest.raises(BadInput) as refused:
        parsed({**GOOD, **changes})
    return str(refused.value).splitlines()


def assert_taken_or_named(field: str, value: Any) -> None:
    """A taken request can be sent and read again; a refused one names its field in each line, and no password."""
    unrelated = {**GOOD, "users": [{"name": "app", "password": SECRET}]}
    try:
        spec = parsed({**unrelated, field: value})
    except BadInput as error:
        refused = str(error)
    else:
        assert parsed(spec.model_dump(mode="json")).model_dump() == spec.model_dump()
        return
    assert [line for line in refused.split("\n") if not line.startswith(field)] == []
    assert all(" it must be " in line or " is not a field: " in line for line in refused.split("\n"))
    assert SECRET not in refused


@given(st.sampled_from(FIELDS), junk)
def test_any_junk_in_any_field_is_taken_or_refused_by_name(field: str, value: Any) -> None:
    # Only where a secret may stand it must not be shown: no network is one.
    if field != "users" and (value == SECRET or (field == "allowed_cidrs" and SECRET in repr(value))):
        return
    assert_taken_or_named(field, value)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": st.text(max_size=5) | scalars},
            optional={"password": scalars | st.lists(st.just(SECRET)), "databases": junk, "typo": st.just(SECRET)},
        )
        | st.just(SECRET)
        | st.lists(st.just(SECRET)),
        max_size=3,
    )
)
def test_any_junk_in_users_is_refused_without_a_password(users: list[Any]) -> None:
    for user in users:
        if isinstance(user, dict) and (user["name"] == SECRET or SECRET in str(user.get("databases"))):
            return
    assert_taken_or_named("users", users)


@given(st.dictionaries(st.text(max_size=9), scalars))
def test_any_configuration_is_taken_or_refused_by_name(configuration: dict[str, Any]) -> None:
    assert_taken_or_named("configuration", configuration)


def test_a_good_request_is_taken_as_it_is() -> None:
    spec = parsed(GOOD)
    assert spec.on_failure is OnFailure.DELETE
    assert spec.users[0].password is not None
    assert spec.users[0].password.reveal() == SECRET
    assert spec.configuration == GOOD["configuration"]
    assert [type(value) for value in spec.configuration.values()] == [str, bool, float, int]


def test_what_may_be_left_out_has_a_default() -> None:
    spec = parsed({"name": "a", "datastore": "postgresql", "cloud": "local", "flavor": "small"})
    assert (spec.nodes, spec.volume_size, spec.version, spec.on_failure) == (1, 1, None, OnFailure.KEEP)
    assert (spec.databases, spec.users, spec.configuration, spec.allowed_cidrs) == ((), (), {}, None)


def test_members_are_numbered_from_one_and_are_host_names_however_long() -> None:
    spec = parsed({**GOOD, "name": "a" * 40, "nodes": MAX_NODES})
    assert spec.member_names[:2] == ("a" * 40 + "-1", "a" * 40 + "-2")
    assert len(spec.member_names) == MAX_NODES
    assert max(map(len, spec.member_names)) <= 63


@pytest.mark.parametrize("name", ["a", "a1", "a-b", "a" * 40])
def test_a_good_name_is_taken(name: str) -> None:
    assert parsed({**GOOD, "name": name}).name == name


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a-", "a_b", "a.b", "a/b", "a" * 41, "ä", "a\n", " a", 7, None])
def test_a_bad_name_is_refused(name: object) -> None:
    [sentence] = refusals(name=name)
    assert sentence.startswith(f"name {name!r} is not allowed: it must be 1 to 40 lower-case letters")


@pytest.mark.parametrize("field", ["datastore", "version", "cloud", "flavor"])
@pytest.mark.parametrize("value", ["", "-x", "a b", "a/b", "a" * 64, "a\n", 7])
def test_a_bad_plain_name_is_refused(field: str, value: object) -> None:
    [sentence] = refusals(**{field: value})
    assert sentence.startswith(f"{field} {value!r} is not allowed: it must be 1 to 63 letters")


@pytest.mark.parametrize("nodes", [0, -1, MAX_NODES + 1, 1.0, "3", True, None])
def test_a_bad_number_of_nodes_is_refused(nodes: object) -> None:
    assert refusals(nodes=nodes) == [f"nodes {nodes!r} is not allowed: it must be a whole number from 1 to 99"]


@pytest.mark.parametrize("size", [0, MAX_VOLUME_GIB + 1, "10", 1.5, True])
def test_a_bad_volume_size_is_refused(size: object) -> None:
    allowed = "a whole number of GiB from 1 to 65536"
    assert refusals(volume_size=size) == [f"volume_size {size!r} is not allowed: it must be {allowed}"]


@given(st.lists(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(v=6), max_size=3), st.integers(0, 32))
def test_networks_are_taken_in_every_spelling_and_kept_in_one(addresses: list[Any], bits: int) -> None:
    networks = [ip_network(f"{address}/{bits}", strict=False) for address in addresses]
    spellings = [*map(str, networks), *(each.with_netmask for each in networks if each.version == 4)]
    spec = parsed({**GOOD, "allowed_cidrs": [*spellings, *(each.exploded for each in networks)]})
    assert set(spec.allowed_cidrs or ()) == {str(each) for each in networks}


def test_an_address_is_a_network_of_one_and_an_empty_list_is_not_none() -> None:
    assert parsed({**GOOD, "allowed_cidrs": ["192.0.2.7"]}).allowed_cidrs == ("192.0.2.7/32",)
    assert parsed({**GOOD, "allowed_cidrs": []}).allowed_cidrs == ()
    assert parsed({**GOOD, "allowed_cidrs": None}).allowed_cidrs is None


@pytest.mark.parametrize("network", ["", "10", "10.0.0.1/8", "10.0.0.0/33", "fe80::1%eth0", "example.org", 10, None])
def test_what_is_no_network_is_refused(network: object) -> None:
    assert refusals(allowed_cidrs=["10.0.0.0/8", network]) == [
        f"allowed_cidrs.1 {network!r} is not allowed: it must be a network, such as 10.1.0.0/16"
    ]


@pytest.mark.parametrize(
    "value", [None, [1], {"a": 1}, float("nan"), float("inf"), 2**63, "half \ud800", b"x"], ids=ascii
)
def test_a_setting_that_no_configuration_file_can_hold_is_refused_once(value: object) -> None:
    [sentence] = refusals(configuration={"work_mem": value})
    assert sentence.startswith("configuration.work_mem ")
    assert sentence.endswith("it must be true, false, a finite number or a text ('' for an empty one)")


def test_a_setting_may_be_named_as_its_table() -> None:
    [sentence] = refusals(configuration={"configuration": None})
    assert sentence.startswith("configuration.configuration None is not allowed: it must be true, false")
    assert refusals(configuration=None)[0].startswith("configuration None is not allowed: it must be a table")


def test_what_is_named_twice_is_refused() -> None:
    twice = [{"name": "app"}, {"name": "app"}]
    assert refusals(databases=twice) == ["databases 'app' is not allowed: it must be named only once"]
    assert refusals(users=twice) == ["users 'app' is not allowed: it must be named only once"]


@pytest.mark.parametrize(("field", "what"), [("character_set", "character set"), ("collate", "collation")])
@pytest.mark.parametrize("value", ["", "_bin", "latin1 x", "latin1'", "a" * 64, "utf8\n", 8])
def test_what_is_no_name_of_a_character_set_or_collation_is_refused(field: str, what: str, value: object) -> None:
    [sentence] = refusals(databases=[{"name": "app", field: value}])
    allowed = f"the name of a {what}: 1 to 63 letters, digits, "
    assert sentence.startswith(f"databases.0.{field} {value!r} is not allowed: it must be {allowed}")


def test_a_database_without_a_character_set_is_sent_as_a_worker_reads_it_that_does_not_know_of_it() -> None:
    whole = parsed({**GOOD, "databases": [{"name": "app"}, {"name": "log", "collate": "latin1_bin"}]})
    assert [(database.character_set, database.collate) for database in whole.databases] == [
        (None, None),
        (None, "latin1_bin"),
    ]
    assert whole.model_dump(mode="json")["databases"] == [{"name": "app"}, {"name": "log", "collate": "latin1_bin"}]


def test_a_user_of_a_database_that_was_not_requested_is_refused() -> None:
    users = [{"name": "app", "databases": ["other"]}]
    assert refusals(users=users) == [
        "users.app.databases 'other' is not allowed: it must be one of the requested databases: app"
    ]
    assert refusals(users=users, databases=[]) == [
        "users.app.databases 'other' is not allowed: it must be one of the requested databases: "
        "left out, because the request names no database"
    ]


def test_a_typo_is_not_silently_dropped() -> None:
    [sentence] = refusals(node=3)
    assert sentence.startswith("node is not a field: allowed are name, datastore, version, cloud, nodes, flavor")


def test_a_worker_that_is_older_than_a_field_reads_what_does_not_need_it() -> None:
    assert parsed({**GOOD, "protected": True}).model_dump(mode="json")["protected"] is True
    assert "protected" not in parsed({**GOOD, "protected": False}).model_dump(mode="json")
    for wrong in ("true", 1, None):
        assert refusals(protected=wrong)[0] == f"protected {wrong!r} is not allowed: it must be true or false"
