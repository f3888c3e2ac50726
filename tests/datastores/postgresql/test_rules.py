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
