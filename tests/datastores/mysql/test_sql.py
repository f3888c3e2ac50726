import pytest

from datastores.mysql import sql
from model.spec import DatabaseSpec


def test_names_and_texts_are_quoted() -> None:
    assert sql.identifier("a`b") == "`a``b`"
    assert sql.literal("it's a \\") == "'it''s a \\\\'"
    assert sql.account("ann") == "`ann`@`%`"


def test_a_grant_names_one_database_only() -> None:
    assert sql.schema("my_shop%") == "`my\\_shop\\%`.*"
    assert sql.grant(sql.EVERYTHING, sql.schema("a"), "ann") == "GRANT ALL PRIVILEGES ON `a`.* TO `ann`@`%`"
    assert sql.grant(sql.EVERYTHING, sql.schema("a"), "ann", "b`b").endswith(" ON `a`.* TO `ann`@`%`, `b``b`@`%`")


@pytest.mark.parametrize(
    ("character_set", "collate", "own"),
    [
        ("latin1", None, " CHARACTER SET 'latin1'"),
        (None, "latin1_bin", " COLLATE 'latin1_bin'"),
        ("binary", "binary", " CHARACTER SET 'binary' COLLATE 'binary'"),
    ],
)
def test_a_database_is_created_or_set_to_its_own_character_set(
    character_set: str | None, collate: str | None, own: str
) -> None:
    statements = sql.create_database(DatabaseSpec(name="a`b", character_set=character_set, collate=collate))
    assert statements == f"CREATE DATABASE IF NOT EXISTS `a``b`{own};\nALTER DATABASE `a``b`{own};"


def test_a_database_without_a_character_set_is_left_as_it_is() -> None:
    shop = DatabaseSpec(name="it's")
    assert sql.create_database(shop) == "CREATE DATABASE IF NOT EXISTS `it's`;"
    assert sql.has_database(shop).endswith(" WHERE SCHEMA_NAME = 'it''s'")


def test_a_password_is_kept_as_mysql_native_password_does() -> None:
    # MariaDB's Knowledge Base, PASSWORD().
    assert sql.password_hash("notagoodpwd") == "*3A70EE9FC6594F88CE9E959CD51C5A1C002DC937"


def test_a_replica_follows_from_where_its_data_is() -> None:
    statements = sql.follow("10.0.0.2", 3306, "replicant", "se'cret")
    assert "MASTER_USE_GTID = slave_pos" in statements
    assert "MASTER_PASSWORD = 'se''cret'" in statements
