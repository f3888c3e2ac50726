from datastores.client import ClientCommand


def test_a_command_does_not_show_its_password() -> None:
    assert "hush" not in repr(ClientCommand("psql", ("--host", "x"), "PGPASSFILE", "hush"))
