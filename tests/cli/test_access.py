"""Accounts, members and passwords: who is meant by a name, or by none."""

import pytest

from cli import access
from cli.voice import Failed
from model.base import BadInput
from model.cluster import ClusterIdentity, Role, ServerOptions, Status
from tests.cli.samples import instance, record
from tests.keys_for_tests import ROOT_KEYS

IDENTITY = ClusterIdentity(id="uuid", name="orders", datastore="postgresql", cloud="here", root_key_id="test")
SECRETS = ROOT_KEYS.engine("postgresql").cluster(IDENTITY)


def test_the_first_requested_user_and_its_first_database_are_meant_by_none() -> None:
    assert access.account(record(), None) == access.Account("app", "user/app", "app")
    assert access.account(record(), "given") == access.Account("given", None, "log")


def test_without_users_the_administrator_is_meant() -> None:
    assert access.account(record(users=(), databases=()), None) == access.Account("durabase", "administrator", None)


def test_root_is_there_when_the_engine_made_it() -> None:
    options = ServerOptions(tcp_ports=(5432,), root_on_create=True)
    assert access.password(record(options=options), SECRETS, "root") == SECRETS.password("root")
    with pytest.raises(BadInput, match=r"user 'root' is not allowed: it must be one of app, given, durabase$"):
        access.account(record(), "root")


def test_each_account_has_its_own_password() -> None:
    found = {name: access.password(record(), SECRETS, name) for name in ("app", "durabase")}
    assert found == {"app": SECRETS.password("user/app"), "durabase": SECRETS.password("administrator")}
    assert access.password(record(), SECRETS, None) == found["app"]


def test_a_given_password_is_not_shown() -> None:
    with pytest.raises(BadInput, match=r"'given' was given when orders was created.* those of app, durabase"):
        access.password(record(), SECRETS, "given")


def test_the_primary_is_meant_by_no_member() -> None:
    assert access.member(record(), None).role is Role.PRIMARY
    assert access.member(record(), "orders-2").name == "orders-2"
    with pytest.raises(BadInput, match="member 'orders-9' is not allowed: it must be one of orders-1, orders-2"):
        access.member(record(), "orders-9")


def test_a_member_without_a_server_cannot_be_reached() -> None:
    members = (instance(1, Status.BUILD, server=None),)
    with pytest.raises(Failed, match="orders-1 has no address yet: orders is BUILD"):
        access.member(record(Status.BUILD, nodes=1, members=members), None)
