from datastores.client import ClientCommand, url


def test_a_command_does_not_show_its_password() -> None:
    assert "hush" not in repr(ClientCommand("psql", ("--host", "x"), "PGPASSFILE", "hush"))


def test_every_part_of_a_url_is_quoted() -> None:
    assert url("db", "127.7.0.1", 7, "a/b", "c:d", "e@f#ä") == "db://c%3Ad:e%40f%23%C3%A4@127.7.0.1:7/a%2Fb"
    assert url("db", "fd00::7", 7, "a", "b", "c") == "db://b:c@[fd00::7]:7/a"
