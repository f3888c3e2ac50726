"""durabase's own sessions with a real server, through the guest."""

import os
import signal

import pytest

from datastores.valkey import session
from datastores.valkey.session import open_session
from guests import forward
from model.errors import GuestError
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.valkey.conftest import ANN_PASSWORD, ODD_PASSWORD, ODD_USER, Connect


@pytest.mark.parametrize("target", ["orders-1", "orders-3"])
@pytest.mark.parametrize(("user", "password"), [("ann", ANN_PASSWORD), (ODD_USER, ODD_PASSWORD)], ids=["ann", "odd"])
def test_anyone_may_be_logged_in_to_any_member(cluster: LocalCluster, target: str, user: str, password: str) -> None:
    with (
        cluster.context("orders-1") as context,
        open_session(context, cluster.instance(target), user, password) as client,
    ):
        assert client.acl_whoami() == user


def test_a_large_answer_arrives_whole(cluster: LocalCluster) -> None:
    text = "ä" * 1_000_000
    with cluster.context("orders-2") as context, open_session(context, context.primary) as client:
        client.set("large", text)
        assert client.get("large") == text
        client.delete("large")


def test_an_error_names_the_member_and_has_the_databases_words_and_no_secret(cluster: LocalCluster) -> None:
    with cluster.context("orders-1") as context:
        with (
            pytest.raises(GuestError) as refused,
            open_session(context, context.instance, "ann", "hush-hush") as client,
        ):
            client.ping()
        assert str(refused.value) == "Valkey on orders-1: invalid username-password pair or user is disabled."
        with (
            pytest.raises(GuestError, match="Valkey on orders-2: unknown command"),
            open_session(context, context.replicas[0]) as client,
        ):
            client.execute_command("NONSENSE")
        connection = session.GuestConnection(context.guest, "127.0.0.1", password="hush-hush")
        assert "hush" not in repr(connection)


def test_a_member_that_does_not_listen_is_named(cluster: LocalCluster) -> None:
    elsewhere = cluster.instance("orders-2")
    assert elsewhere.server is not None
    nowhere = elsewhere.model_copy(
        update={"server": elsewhere.server.model_copy(update={"address": "127.254.254.254"})}
    )
    with (
        cluster.context("orders-1") as context,
        pytest.raises(GuestError, match=r"the connection to 127\.254\.254\.254:6379 from orders-1 failed"),
        open_session(context, nowhere) as client,
    ):
        client.ping()


def test_a_server_that_hangs_is_given_up(
    cluster: LocalCluster, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "REPLY_SECONDS", 0.5)
    process = connect("orders-3").info("server")["process_id"]
    os.kill(process, signal.SIGSTOP)
    try:
        with (
            cluster.context("orders-3") as context,
            pytest.raises(GuestError, match="Valkey on orders-3: Timeout"),
            open_session(context, context.instance) as client,
        ):
            client.ping()
    finally:
        os.kill(process, signal.SIGCONT)
