"""Task queues: one for each thing that is served, whatever the names."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from model.spec import PlainName
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True)


def test_the_queues_are_those_that_people_read_in_the_web_ui() -> None:
    assert WORKFLOWS == "durabase"
    assert cloud_queue("lab") == "durabase/cloud/lab"
    assert engine_queue("postgresql", "lab") == "durabase/engine/postgresql/lab"


@given(st.sets(st.tuples(names, names), min_size=1, max_size=9))
def test_no_two_things_share_a_queue(pairs: set[tuple[str, str]]) -> None:
    for pair in pairs:
        assert [TypeAdapter(PlainName).validate_python(name) for name in pair] == list(pair)
    clouds = {cloud for _, cloud in pairs}
    queues = [WORKFLOWS, *map(cloud_queue, clouds), *(engine_queue(*pair) for pair in pairs)]
    assert len(set(queues)) == 1 + len(clouds) + len(pairs)
