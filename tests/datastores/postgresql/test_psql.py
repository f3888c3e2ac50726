"""Odd texts and Unicode passwords through the real psql and the real server."""

from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from datastores.accounts import Account
from datastores.postgresql import accounts, sql
from datastores.postgresql.psql import Psql, Step
from datastores.postgresql.scram import matches, new_verifier
from model.errors import GuestError
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.postgresql.conftest import ODD_DATABASE, Connect, Connection

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=15)
SHARED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(SHARED, max_examples=15)


@pytest.fixture(scope="module")
def psql(cluster: LocalCluster) -> Iterator[Psql]:
    with cluster.context("orders-1") as context:
        yield Psql(context, context.instance)


@pytest.fixture(scope="module")
def session(connect: Connect) -> Iterator[Connection]:
    with connect("orders-1") as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute("CREATE ROLE probe")
        yield connection
        connection.execute("DROP ROLE probe")


@SHARED
@given(TEXTS)
def test_the_server_reads_quoted_texts_and_names_back(session: Connection, text: str) -> None:
    cursor = session.execute(f"SELECT {sql.literal(text)} AS {sql.identifier(text)}".encode())
    assert cursor.description is not None
    assert cursor.description[0].name == text
    assert cursor.fetchone() == (text,)


@FEW
@given(TEXTS)
def test_psql_passes_quoted_texts_on(psql: Psql, text: str) -> None:
    assert psql.query(f"SELECT {sql.literal(text)}") == [text]


@FEW
@given(TEXTS)
def test_psql_logs_in_with_any_password(psql: Psql, session: Connection, password: str) -> None:
    session.execute(f"ALTER ROLE probe LOGIN PASSWORD {sql.literal(new_verifier(password))}".encode())
    accounts.log_in(psql, [Account("probe", password, ["postgres"])])


@SHARED
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=30))
def test_our_verifiers_are_postgresqls(session: Connection, password: str) -> None:
    session.execute(f"ALTER ROLE probe PASSWORD {sql.literal(password)}".encode())
    row = session.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'probe'").fetchone()
    assert row is not None
    assert matches(row[0], password)


def test_an_error_has_the_databases_words_and_no_excerpt_of_the_statement(psql: Psql) -> None:
    with pytest.raises(GuestError, match='relation "nowhere" does not exist') as error:
        psql.query("SELECT 'hush-hush' FROM nowhere")
    assert "hush" not in str(error.value)


def test_of_several_steps_the_one_that_fails_is_named_and_none_comes_after(psql: Psql) -> None:
    steps = [
        Step("beginning", "CREATE TEMPORARY TABLE begun (step int);"),
        Step("dividing", "SELECT 1/0;"),
        Step("ending", "CREATE ROLE not_reached;"),
    ]
    with pytest.raises(GuestError, match=r"^dividing failed on orders-1: ERROR:  division by zero$"):
        psql.run_steps(steps)
    assert psql.query("SELECT rolname FROM pg_roles WHERE rolname = 'not_reached'") == []


def test_a_step_runs_inside_a_database_of_any_name(psql: Psql) -> None:
    is_right = f"current_database() = {sql.literal(ODD_DATABASE)} AND current_user = 'durabase'"
    check = f"SELECT 1 / ({is_right})::int;"
    psql.run_steps([Step("looking", psql.inside(ODD_DATABASE, check))])


def test_what_is_not_answered_is_no_error(psql: Psql) -> None:
    assert psql.attempt("SELECT 1").stdout == "1\n"
    assert "division by zero" in psql.attempt("SELECT 1/0").stderr


def test_our_own_sessions_wait_for_no_standby_and_ignore_the_overrides(psql: Psql) -> None:
    for name, value in sql.SESSION.items():
        assert psql.query(f"SHOW {name}") == [value]
