import hypothesis.strategies as st
import pytest
from hypothesis import given

from datastores.postgresql.names import check_names
from model.errors import PlanRefused
from model.spec import ClusterSpec


def spec(**fields: object) -> ClusterSpec:
    base = {"name": "orders", "datastore": "postgresql", "cloud": "local", "flavor": "small"}
    return ClusterSpec.model_validate({**base, **fields})


@pytest.mark.parametrize("name", ["postgres", "template0", "template1", "durabase", "pg_x", "ä" * 32, "a" * 64])
def test_a_database_that_cannot_be_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^databases '{name}' is not allowed: it must be "):
        check_names(spec(databases=[{"name": name}]))


@pytest.mark.parametrize("name", ["postgres", "durabase", "durabase_replication", "public", "none", "pg_monitor"])
def test_a_user_that_cannot_be_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^users '{name}' is not allowed: it must be "):
        check_names(spec(users=[{"name": name}]))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128))
def test_a_name_is_refused_exactly_when_it_is_long_or_reserved(name: str) -> None:
    request = spec(databases=[{"name": f"x{name}"}], users=[{"name": f"x{name}"}])
    if len(name.encode()) < 63:
        check_names(request)
    else:
        with pytest.raises(PlanRefused, match="at most 63 bytes"):
            check_names(request)
