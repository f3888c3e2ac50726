"""Which number a text is; that it is one at all, test_spellings.py asks the server."""

import pytest

from datastores.postgresql.numbers import read_real, read_whole


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("0.1GB", "kB", 102 * 1024),
        ("1.5MB", "8kB", 192),
        ("1025B", "kB", 1),
        ("30.1GB", "MB", 30822),
        ("010", "", 8),
        ("0x1F", "", 31),
        (".9", "", 1),
        ("2.5", "", 2),
        ("1e-2", "", 0),
        (" 5\tkB ", "kB", 5),
        ("1500us", "ms", 2),
        ("0.5min", "s", 30),
        ("1d", "min", 1440),
        ("-1", "kB", -1),
        ("5", "kB", 5),
        ("5kB", "ms", None),
        ("5kB", "", None),
        ("9" * 5000, "", None),
        ("0x" + "f" * 5000, "", None),
        ("2147483647.5", "", 2**31),
    ],
)
def test_a_whole_number_is_read_and_rounded_as_the_server_does(text: str, unit: str, number: int | None) -> None:
    assert read_whole(text, unit) == number


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        (".9", "", 0.9),
        ("1e-2", "", 0.01),
        ("010", "", 10.0),
        ("0x.8", "", 0.5),
        ("1s", "ms", 1000.0),
        ("0.5us", "ms", 0.0005),
        ("1e-400", "", None),
        ("1e400", "", None),
        ("0x1p9999", "", None),
        ("0e-999", "", 0.0),
        ("nan", "", None),
    ],
)
def test_a_broken_number_is_read_as_c_does(text: str, unit: str, number: float | None) -> None:
    assert read_real(text, unit) == number
