"""Quoting as text; odd names go through the real server in test_manager."""

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from datastores.postgresql import sql

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(TEXTS)
def test_an_identifier_cannot_be_left(name: str) -> None:
    quoted = sql.identifier(name)
    assert re.fullmatch(r'"(?:[^"]|"")*"', quoted, re.DOTALL)
    assert quoted[1:-1].replace('""', '"') == name


@given(TEXTS)
def test_a_literal_cannot_be_left(text: str) -> None:
    quoted = sql.literal(text)
    if "\\" not in text:
        assert re.fullmatch(r"'(?:[^']|'')*'", quoted, re.DOTALL)
        assert quoted[1:-1].replace("''", "'") == text
    else:
        assert re.fullmatch(r" E'(?:[^'\\]|''|\\\\)*'", quoted, re.DOTALL)
        assert quoted[3:-1].replace("''", "'").replace("\\\\", "\\") == text


@pytest.mark.parametrize("quoted", [sql.identifier, sql.literal])
def test_nul_is_refused(quoted: object) -> None:
    assert callable(quoted)
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b")


def test_a_role_keeps_its_password_unless_a_new_verifier_is_given() -> None:
    assert sql.set_role("ALTER", "ann", "LOGIN", None) == 'ALTER ROLE "ann" WITH LOGIN;'
    assert sql.set_role("CREATE", "ann", "LOGIN", "v") == "CREATE ROLE \"ann\" WITH LOGIN PASSWORD 'v';"


def test_options_are_what_libpq_splits() -> None:
    session = {"statement_timeout": "0", "default_transaction_isolation": "read committed", "new": "1"}
    known = {"statement_timeout", "default_transaction_isolation"}
    assert sql.options(session, known) == "-c statement_timeout=0 -c default_transaction_isolation=read\\ committed"
