import hypothesis.strategies as st
import pytest
from hypothesis import given

from datastores.valkey.names import check_names
from model.errors import PlanRefused
from model.spec import ClusterSpec


def spec(**fields: object) -> ClusterSpec:
    base = {"name": "cache", "datastore": "valkey", "cloud": "local", "flavor": "small"}
    return ClusterSpec.model_validate({**base, **fields})


@pytest.mark.parametrize(("engine", "product"), [("valkey", "Valkey"), ("redis", "Redis")])
def test_databases_are_refused_in_one_sentence(engine: str, product: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        check_names(spec(datastore=engine, databases=[{"name": "shop"}, {"name": "log"}]))
    assert str(refused.value) == (
        f"databases 'shop, log' is not allowed: it must be left out: those of {product} are numbered from 0 and "
        "always there"
    )


@pytest.mark.parametrize("field", ["character_set", "collate"])
def test_a_database_with_a_character_set_is_refused_as_every_database_is(field: str) -> None:
    with pytest.raises(PlanRefused, match=r"^databases 'shop' is not allowed: it must be left out: "):
        check_names(spec(databases=[{"name": "shop", field: "utf8mb4"}]))


@pytest.mark.parametrize("name", ["default", "durabase", "durabase_replication"])
def test_a_reserved_user_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlanRefused, match=rf"^users '{name}' is not allowed: it must be a name other than default, "):
        check_names(spec(users=[{"name": name}]))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120))
def test_a_name_is_refused_exactly_when_it_has_a_space(name: str) -> None:
    request = spec(users=[{"name": f"x{name}"}])
    if " " in name:
        with pytest.raises(PlanRefused, match="a name without spaces"):
            check_names(request)
    else:
        check_names(request)
