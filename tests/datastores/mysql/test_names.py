import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from datastores.mysql.names import check_names
from model.errors import PlanRefused
from tests.datastores.mysql.requests import spec


@pytest.mark.parametrize(
    "name", ["mysql", "SYS", "Information_Schema", "performance_schema", "a" * 65, "-" * 52, "#mysql50#x", "x ", "🦶"]
)
def test_a_database_that_cannot_be_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^databases '{re.escape(name)}' is not allowed: it must be "):
        check_names(spec(databases=[{"name": name}]))


def test_a_name_of_65_characters_is_refused_in_one_sentence() -> None:
    with pytest.raises(PlanRefused) as refused:
        check_names(spec(databases=[{"name": "n" * 65}]))
    assert str(refused.value) == f"databases '{'n' * 65}' is not allowed: it must be at most 64 characters long"


@pytest.mark.parametrize(
    "name", ["root", "Root", "durabase", "durabase_replication", "mariadb.sys", "mysql", "PUBLIC", "none"]
)
def test_a_user_that_cannot_be_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^users '{name}' is not allowed: it must be "):
        check_names(spec(users=[{"name": name}]))


@given(st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x21), min_size=1, max_size=128))
def test_a_user_is_refused_exactly_when_its_name_is_long(name: str) -> None:
    request = spec(users=[{"name": f"x-{name}"}])
    if len(name) <= 78:
        check_names(request)
    else:
        with pytest.raises(PlanRefused, match="at most 80 characters"):
            check_names(request)
