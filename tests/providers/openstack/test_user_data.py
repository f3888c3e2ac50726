"""User data: cloud-config that is JSON, too, with the keys that the server must have."""

import json

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys import private_pem, public_line
from providers.openstack.user_data import user_data

KEY = Ed25519PrivateKey.generate()
HOST_KEY, HOST_LINE = private_pem(KEY), public_line(KEY)
LOGIN_LINE = public_line(Ed25519PrivateKey.generate())


def written(login: str = "debian") -> str:
    return user_data("orders-1", login, LOGIN_LINE, HOST_KEY)


def test_a_server_is_told_its_name_and_keys() -> None:
    header, body = written().split("\n", 1)
    assert header == "#cloud-config"
    assert json.loads(body) == {
        "hostname": "orders-1",
        "manage_etc_hosts": True,
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": HOST_KEY, "ed25519_public": HOST_LINE},
        "ssh_authorized_keys": [LOGIN_LINE],
        "disable_root": True,
    }


def test_cloud_init_reads_the_same_as_a_reader_of_json() -> None:
    assert yaml.safe_load(written()) == json.loads(written().split("\n", 1)[1])


@pytest.mark.parametrize(("login", "disabled"), [("debian", True), ("root", False)])
def test_root_is_let_in_only_where_it_is_the_login(login: str, disabled: bool) -> None:
    assert yaml.safe_load(written(login))["disable_root"] is disabled
