"""Units as text; that real systemd reads them so is shown by tests/debian/test_services.py."""

import pytest

from guests.base import Service
from guests.systemd import unit_name, unit_text

SERVICE = Service(
    name="postgresql",
    command=["/usr/lib/postgresql/15/bin/postgres", "-D", "/var/lib/postgresql/config"],
    user="postgres",
    directory="/var/lib/postgresql",
    stop_signal="INT",
    stop_timeout=120,
)


def test_a_unit_says_how_the_service_runs_and_comes_back() -> None:
    lines = unit_text(SERVICE).splitlines()
    assert 'ExecStart="/usr/lib/postgresql/15/bin/postgres" "-D" "/var/lib/postgresql/config"' in lines
    expected = {
        *("User=postgres", "WorkingDirectory=/var/lib/postgresql", 'RequiresMountsFor="/var/lib/postgresql"'),
        *("UMask=0077", "KillSignal=SIGINT", "KillMode=mixed", "TimeoutStopSec=120"),
        *("Restart=always", "StartLimitIntervalSec=0", "WantedBy=multi-user.target"),
    }
    assert expected <= set(lines)


def test_a_units_name_is_none_of_debians_packages() -> None:
    assert unit_name("postgresql") == "durabase-postgresql.service"


@pytest.mark.parametrize(
    ("word", "argument", "variable"),
    [
        ("a b", '"a b"', '"W=a b"'),
        ('"\\', '"\\"\\\\"', '"W=\\"\\\\"'),
        ("50%", '"50%%"', '"W=50%%"'),
        ("$HOME", '"$$HOME"', '"W=$HOME"'),
        ("a\nb", '"a\\nb"', '"W=a\\nb"'),
    ],
)
def test_what_systemd_would_read_otherwise_is_escaped(word: str, argument: str, variable: str) -> None:
    text = unit_text(Service(name="odd", command=["/bin/x", word], user="u", directory="/", environment={"W": word}))
    assert f'ExecStart="/bin/x" {argument}\n' in text
    assert f"Environment={variable}\n" in text
