"""How PostgreSQL reads numbers: as C does, and with units (guc.c: `parse_int`, `parse_real`). All pure."""

import math
import re
import sys
from collections.abc import Mapping

MEMORY: Mapping[str, int] = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
"""Units of memory in bytes; PostgreSQL's are case-sensitive."""

MINUTE = 60 * 10**6
TIME: Mapping[str, int] = {"us": 1, "ms": 1000, "s": 10**6, "min": MINUTE, "h": 60 * MINUTE, "d": 1440 * MINUTE}
"""Units of time in microseconds."""

LARGEST = 2**31 - 1
"""Every whole number of PostgreSQL's has 32 bits."""

_SPACE = r"[ \t\n\v\f\r]*"
_WHOLE = re.compile(rf"{_SPACE}([+-]?)((?>0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))(?![.eE])")
"""What strtol reads: a leading zero means octal."""

_HEXADECIMAL = r"0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
_BROKEN = re.compile(rf"{_SPACE}([+-]?(?:{_HEXADECIMAL}|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))")
"""What strtod reads, but for infinity, which is out of every range, and what is no number."""

_UNIT = re.compile(rf"{_SPACE}([^ \t\n\v\f\r]*){_SPACE}")


def read_whole(text: str, unit: str) -> int | None:
    """Return the number of a parameter's own units that a text is, rounded as the server does; None if it is none."""
    whole = _WHOLE.match(text)
    value = _with_unit(_long(*whole.groups()), text[whole.end() :], unit) if whole else read_real(text, unit)
    return None if value is None or abs(value) > LARGEST + 1 else round(value)


def read_real(text: str, unit: str) -> float | None:
    """Return the number of a parameter's own units that a text is; None if it is none."""
    broken = _BROKEN.match(text)
    value = _double(broken[1]) if broken else None
    return None if broken is None or value is None else _with_unit(value, text[broken.end() :], unit)


def units_like(unit: str) -> Mapping[str, int]:
    """Return the units that may stand where a parameter has one of its own, such as `kB` or `8kB`."""
    return next((units for units in (MEMORY, TIME) if _name(unit) in units), {})


def _long(sign: str, digits: str) -> float:
    base = 16 if digits[1:2] in ("x", "X") else 8 if digits.startswith("0") else 10
    # Python refuses to read very long ones; all that are longer than this are out of every range.
    value = float(digits) if base == 10 else float(min(int(digits, base), 2**64))
    return -value if sign == "-" else value


def _double(text: str) -> float | None:
    """Return a number as strtod does; None where that says that a double cannot hold it."""
    mantissa, *_ = re.split("[pP]" if "x" in text.lower() else "[eE]", text)
    try:
        value = float.fromhex(text) if "x" in text.lower() else float(text)
    except OverflowError:
        return None
    is_zero = not re.search("[1-9a-fA-F]", mantissa)
    return value if is_zero or sys.float_info.min <= abs(value) < math.inf else None


def _with_unit(value: float, rest: str, own: str) -> float | None:
    """Return a value in a parameter's own units, which `rest` may give in another; None if it is no such unit.

    What is broken in the unit that was written is rounded to the next smaller one: 0.1GB are 102MB.
    """
    match = _UNIT.fullmatch(rest)
    if match is None or not match[1]:
        return None if match is None else value
    units = units_like(own)
    if match[1] not in units:
        return None
    base = _base(own)
    value *= units[match[1]] / base
    smaller = [size / base for size in units.values() if size < units[match[1]]]
    return round(value / smaller[-1]) * smaller[-1] if smaller and math.isfinite(value / smaller[-1]) else value


def _name(unit: str) -> str:
    return unit.lstrip("0123456789")


def _base(unit: str) -> int:
    """Return how large a parameter's own unit is, in bytes or microseconds."""
    return units_like(unit)[_name(unit)] * int(unit.removesuffix(_name(unit)) or 1)
