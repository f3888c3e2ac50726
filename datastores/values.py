"""What parameters of several engines have in common: choices, texts of a form, patterns of closed names. All pure."""

import re
from collections.abc import Mapping, Sequence

Form = tuple[str, str]
"""A pattern for the whole text, and what completes "it must be …"."""

SHOWN_CHOICES = 12
"""A sentence lists at most so many choices; there are hundreds of collations and time zones."""


def some(choices: Sequence[str]) -> str:
    """Return choices as a sentence lists them."""
    shown = ", ".join(choices[:SHOWN_CHOICES])
    return shown if len(choices) <= SHOWN_CHOICES else f"{shown} … ({len(choices)} in all)"


def choice(text: str, choices: Sequence[str]) -> str | None:
    """Return the choice that a text is, whatever its case; None if it is none."""
    return next((each for each in choices if each.lower() == text.lower()), None)


def text_problem(text: str, form: Form | None) -> str | None:
    """Return what would be allowed if a text is not printable, or not of its form; else None."""
    if not text.isprintable():
        return "a text of printable characters"
    return None if form is None or re.fullmatch(form[0], text) else form[1]


def why_closed(name: str, reserved: Mapping[str, str], patterns: Mapping[str, str]) -> str | None:
    """Return why a parameter is not open: by its whole name, or by the first pattern for it; None if it is open."""
    by_pattern = (reason for pattern, reason in patterns.items() if re.fullmatch(pattern, name))
    return reserved.get(name) or next(by_pattern, None)
