from dataclasses import dataclass

import pytest

from datastores.configuration import ConfigurationManager, refuse_character_sets
from model.errors import PlanRefused
from model.spec import DatabaseSpec, Setting


@dataclass(frozen=True)
class Even:
    needs_restart: bool = False

    def problem(self, value: Setting) -> str | None:
        return None if isinstance(value, int) and value % 2 == 0 else "an even number"

    def render(self, value: Setting) -> str:
        return f"<{value}>"


RESERVED = {"port": "durabase sets it", "host": "it differs"}
KNOWN = ConfigurationManager(
    {name: Even() for name in ("b", "a", "port")},
    RESERVED,
    own={"port": 4},
    named=str.lower,
    custom=lambda name: Even() if name == "custom" else None,
)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("c", 2, "configuration 'c' is not allowed: it must be a parameter that this version knows"),
        ("C", 2, "configuration 'C' is not allowed: it must be a parameter that this version knows"),
        ("host", 2, "configuration 'host' is not allowed: it differs"),
        ("port", 2, "configuration.port 2 is not allowed: it must be 4, or left out: durabase sets it"),
        ("Port", 3, "configuration.Port 3 is not allowed: it must be 4, or left out: durabase sets it"),
        ("B", 4, "configuration 'B' is not allowed: it must be named only once: b is the same parameter"),
        ("a", 3, "configuration.a 3 is not allowed: it must be an even number"),
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_key(key: str, value: Setting, sentence: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        KNOWN.check({"b": 2, key: value})
    assert str(refused.value) == sentence


def test_what_is_allowed_is_rendered_sorted_under_the_parameters_own_names() -> None:
    overrides: dict[str, Setting] = {"B": 2, "a": 4, "PORT": 4, "custom": 6}
    KNOWN.check(overrides)
    assert KNOWN.canonical(overrides) == {"b": 2, "a": 4, "port": 4, "custom": 6}
    rendered = [("a", "<4>"), ("b", "<2>"), ("custom", "<6>"), ("port", "<4>")]
    assert list(KNOWN.render(overrides).items()) == rendered


@pytest.mark.parametrize("field", ["character_set", "collate"])
def test_an_engine_without_character_sets_refuses_them_in_one_sentence(field: str) -> None:
    shop, log = DatabaseSpec(name="shop"), DatabaseSpec.model_validate({"name": "log", field: "latin1"})
    refuse_character_sets([shop], "it has none")
    with pytest.raises(PlanRefused) as refused:
        refuse_character_sets([shop, log], "it has none")
    assert str(refused.value) == f"databases.log.{field} 'latin1' is not allowed: it must be left out: it has none"
