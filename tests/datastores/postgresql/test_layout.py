import re

from datastores.postgresql import layout


def test_a_slot_is_named_as_postgresql_allows_and_differs_by_member() -> None:
    slots = {layout.slot(f"{'a-' * 19}ab-{number}") for number in range(1, 100)}
    assert len(slots) == 99
    assert all(re.fullmatch(r"[a-z0-9_]{1,63}", name) for name in slots)
