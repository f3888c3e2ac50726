"""Users as the real server holds them."""

from unittest.mock import patch

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from datastores.valkey import users
from datastores.valkey.session import open_session
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.valkey.conftest import Connect, login

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=" "), min_size=1, max_size=30)
PASSWORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=30)


def test_a_members_own_users_are_as_written(cluster: LocalCluster, connect: Connect) -> None:
    own = users.own_users(cluster.secrets).replace(" resetpass", "").splitlines()
    for member in cluster.members:
        assert set(own) <= set(connect(member).acl_list())
    assert not any(cluster.secrets.password(purpose) in "".join(own) for purpose in ("administrator", "replication"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, PASSWORDS)
def test_any_name_and_password_work_and_are_read_back(cluster: LocalCluster, name: str, password: str) -> None:
    name = f"x{name}"
    client = login(cluster, "orders-2")
    client.execute_command("ACL", "SETUSER", name, "reset", *users.rules(password, users.USER))
    client.acl_save()
    client.acl_load()
    assert login(cluster, "orders-2", name, password).acl_whoami() == name
    client.acl_deluser(name)
    client.acl_save()


def test_a_user_set_again_has_the_new_password_on_every_member(cluster: LocalCluster, connect: Connect) -> None:
    with cluster.context("orders-1") as context:
        for password in ("first", "second"):
            users.set_users(context, {"twice": password}, users.USER)
            users.log_in(context, "twice", password)
        for member in cluster.members:
            with open_session(context, cluster.instance(member)) as client:
                assert len(client.acl_getuser("twice")["passwords"]) == 1
            connect(member).acl_deluser("twice")
            connect(member).acl_save()


def test_many_are_set_with_one_session_a_member(cluster: LocalCluster, connect: Connect) -> None:
    many = {f"many{number}": f"password {number}" for number in range(5)}
    with cluster.context("orders-1") as context:
        with patch.object(context.guest, "open_connection", wraps=context.guest.open_connection) as opened:
            users.set_users(context, many, users.USER)
        assert opened.call_count == len(cluster.members)
        for name, password in many.items():
            users.log_in(context, name, password)
    for member in cluster.members:
        connect(member).acl_load()
        assert connect(member, "many4", "password 4").ping()
        connect(member).acl_deluser(*many)
        connect(member).acl_save()
