"""Where an engine's templates and tables are found, and that a misspelt value in one is an error."""

import jinja2
import pytest

import datastores.postgresql.manager
from datastores.templates import parameter_rows, templates_of


def test_are_found_beside_the_manager() -> None:
    templates = templates_of(datastores.postgresql.manager.__name__)
    assert "postgresql.conf.j2" in templates.list_templates()


def test_an_unknown_value_is_an_error() -> None:
    templates = templates_of(datastores.postgresql.manager.__name__)
    with pytest.raises(jinja2.UndefinedError):
        templates.from_string("port = {{ prot }}").render(port=5432)


def test_a_table_is_read_by_version() -> None:
    rows = {row["name"]: row for row in parameter_rows(datastores.postgresql.manager.__name__, "18")}
    assert (rows["work_mem"]["type"], rows["work_mem"]["unit"]) == ("integer", "kB")
    with pytest.raises(FileNotFoundError):
        parameter_rows(datastores.postgresql.manager.__name__, "1")
