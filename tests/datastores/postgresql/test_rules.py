from pathlib import Path

import pytest

from datastores.postgresql import rules
from datastores.postgresql.parameters import configuration_manager

KNOWN = {**configuration_manager("15").parameters, **configuration_manager("18").parameters}
CLOSED = {*configuration_manager("15").reserved, *configuration_manager("18").reserved}


@pytest.mark.parametrize(
    "names",
    [
        rules.RESERVED,
        rules.MINIMUM,
        rules.MAXIMUM,
        rules.MULTIPLE,
        rules.SPECIAL,
        rules.REFUSED_VALUES,
        rules.forms("18"),
    ],
)
def test_every_rule_is_about_a_parameter_that_there_is(names: dict[str, object]) -> None:
    assert set(names) <= set(KNOWN)


def test_a_rule_that_closes_a_parameter_leaves_no_other_rule_for_it() -> None:
    others = {
        *rules.MINIMUM,
        *rules.MAXIMUM,
        *rules.MULTIPLE,
        *rules.SPECIAL,
        *rules.REFUSED_VALUES,
        *rules.forms("18"),
    }
    assert not others & CLOSED


@pytest.mark.parametrize("version", ["15", "18"])
def test_which_libraries_there_are_is_said_by_the_refusal_and_the_documentation(version: str) -> None:
    known = [name for name in rules.LIBRARIES if name not in rules.ABSENT.get(version, ())]
    _, allowed = rules.forms(version)["shared_preload_libraries"]
    assert allowed == f"a list of libraries out of {', '.join(known)}, separated by commas"
    page = (Path(__file__).parents[3] / "docs" / "requests.md").read_text()
    assert [name for name in known if f"`{name}`" not in page] == []
