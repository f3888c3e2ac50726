"""Derived secrets: the same for the same cluster for ever, and for no other."""

import io
import itertools

import asyncssh
import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from keys import (
    KEY_BYTES,
    ClusterSecrets,
    EngineKeys,
    MissingKey,
    RootKeys,
    key_of,
    key_text,
    new_key,
    next_key_id,
    private_pem,
    public_line,
)
from model.cluster import ClusterIdentity

ORDERS = ClusterIdentity(id="uuid-1", name="orders", datastore="postgresql", cloud="local", root_key_id="1")
ROOT = RootKeys("2", {"1": b"1" * KEY_BYTES, "2": b"2" * KEY_BYTES})


def secrets_of(root: RootKeys = ROOT, engine: str = "postgresql", **changes: object) -> ClusterSecrets:
    return root.engine(engine).cluster(ORDERS.model_copy(update=changes))


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def all_of(secrets: ClusterSecrets) -> list[bytes | str]:
    """Everything that is derived for a cluster of two with one user."""
    passwords = [secrets.password(purpose) for purpose in ("administrator", "replication", "user/app", "root")]
    ssh = [secrets.login_key(), secrets.host_key("orders-1"), secrets.host_key("orders-2")]
    own = [secrets.private_key(purpose) for purpose in ("ca", "login", "host/orders-1")]
    return [*passwords, *map(public, [*ssh, *own])]


def test_what_is_derived_never_changes() -> None:
    """Recorded once: a change of derivation would lock durabase out of every cluster there is."""
    secrets = secrets_of()
    assert secrets.password("administrator") == "fUzAnF-Y8WZXWhNgTcqNIKk7xXJSKQZD"
    assert public(secrets.login_key()).hex() == "c4fad2ffa387161bb311ab85091cabf38ddc6f3afb36872c97d5b301c708929d"
    assert (
        public(secrets.host_key("orders-1")).hex() == "78454363e6342c13f4b1896e84ca6b2a96bd002af501263463b1faaad6ade4a6"
    )
    assert public(secrets.private_key("ca")).hex() == "09baa183beba93c45bdada7964a7ddc8bb2fc48d1097951039ecc25a625a8d87"


def test_the_same_cluster_has_the_same_secrets() -> None:
    assert all_of(secrets_of()) == all_of(secrets_of())
    assert all_of(secrets_of()) == all_of(secrets_of(name="renamed", cloud="elsewhere"))


def test_every_purpose_member_cluster_generation_root_key_and_engine_has_secrets_of_its_own() -> None:
    several = [
        secrets_of(),
        secrets_of(id="uuid-2"),
        secrets_of(generation=2),
        secrets_of(root_key_id="2"),
        secrets_of(engine="valkey"),
        secrets_of(RootKeys("1", {"1": b"x" * KEY_BYTES})),
    ]
    found = list(itertools.chain.from_iterable(map(all_of, several)))
    assert len(set(found)) == len(found)


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(1, 12)), min_size=2, unique=True))
def test_no_two_clusters_or_generations_share_a_key(clusters: list[tuple[str, int]]) -> None:
    """Also where one's id and generation could be read as the other's: `a/1` of 1 and `a` of 11."""
    uuids = [(cluster_id.replace("/", "-"), generation) for cluster_id, generation in clusters]
    found = {secrets_of(id=cluster_id, generation=generation).key for cluster_id, generation in uuids}
    assert len(found) == len(set(uuids))


def test_an_engine_s_worker_derives_the_same_without_the_root_key() -> None:
    given = ROOT.engine("postgresql")
    own = EngineKeys("postgresql", given.current, dict(given.keys))
    assert all_of(own.cluster(ORDERS)) == all_of(secrets_of())
    assert own.current == ROOT.current
    assert not set(own.keys.values()) & set(ROOT.keys.values())


def test_a_password_is_long_and_safe_in_a_url_a_shell_and_sql() -> None:
    password = secrets_of().password("user/app")
    assert len(password) == 32
    assert password.replace("-", "").replace("_", "").isalnum()


def test_a_cluster_whose_root_key_is_gone_is_named_with_what_there_is() -> None:
    with pytest.raises(MissingKey) as missing:
        secrets_of(root_key_id="3")
    assert str(missing.value) == (
        "cluster orders needs root key '3', but settings hold only: 1, 2 (root_keys, engine_keys)"
    )
    with pytest.raises(MissingKey, match="hold only: none"):
        EngineKeys("postgresql", "1", {}).cluster(ORDERS)


def test_openssh_s_forms_are_read_by_both_libraries_that_read_them() -> None:
    key = secrets_of().host_key("orders-1")
    pem, line = private_pem(key), public_line(key)
    assert line.startswith("ssh-ed25519 ")
    assert "\n" not in line
    by_paramiko = paramiko.Ed25519Key(file_obj=io.StringIO(pem))
    assert f"{by_paramiko.get_name()} {by_paramiko.get_base64()}" == line
    by_asyncssh = asyncssh.import_private_key(pem).convert_to_public()
    assert by_asyncssh.public_data == asyncssh.import_public_key(line).public_data == by_paramiko.asbytes()


@pytest.mark.parametrize(
    ("ids", "following"), [([], "1"), (["1"], "2"), (["2", "10"], "11"), (["prod-a"], "1"), (["prod-a", "3"], "4")]
)
def test_a_new_key_s_id_is_above_all_numbers_in_use(ids: list[str], following: str) -> None:
    assert next_key_id(ids) == following


def test_a_key_is_text_in_settings_and_no_other_text_is_a_key() -> None:
    key = new_key()
    assert len(key) == KEY_BYTES
    assert key != new_key()
    assert key_of(key_text(key)) == key
    for text in ("", "no base64", key_text(key)[:-4], key_text(key) + "AAAA", None, 7):
        with pytest.raises(ValueError, match=r"^not 32 bytes in base64$"):
            key_of(text)


def test_no_key_is_shown() -> None:
    shown = f"{ROOT!r} {ROOT} {ROOT.engine('postgresql')!r} {secrets_of()!r} {[secrets_of()]}"
    assert "1111" not in shown
    assert repr(secrets_of().key) not in shown
    assert not any(repr(key) in shown for key in ROOT.engine("postgresql").keys.values())
