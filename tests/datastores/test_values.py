"""What engines' parameters have in common."""

import pytest

from datastores.values import SHOWN_CHOICES, choice, some, text_problem, why_closed


def test_a_sentence_lists_so_many_choices_and_counts_the_rest() -> None:
    names = [f"c{number}" for number in range(SHOWN_CHOICES + 1)]
    assert some(names[:2]) == "c0, c1"
    assert some(names[:-1]) == ", ".join(names[:-1])
    assert some(names) == f"{', '.join(names[:-1])} … ({len(names)} in all)"


@pytest.mark.parametrize(("text", "found"), [("ROW", "row"), ("Row", "row"), ("rows", None), ("", None)])
def test_a_choice_is_found_whatever_its_case(text: str, found: str | None) -> None:
    assert choice(text, ("mixed", "row")) == found


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("ab", None), ("a\nb", "a text of printable characters"), ("abc", "two letters"), ("xab", "two letters")],
)
def test_a_text_has_its_whole_form(text: str, allowed: str | None) -> None:
    assert text_problem(text, ("[a-z]{2}", "two letters")) == allowed


def test_a_text_without_a_form_is_only_printable() -> None:
    assert text_problem("anything: 1", None) is None
    assert text_problem("a\0b", None) == "a text of printable characters"


@pytest.mark.parametrize(
    ("name", "reason"), [("port", "ours"), ("ssl_key", "no certificates"), ("ssl", None), ("old_ssl_key", None)]
)
def test_a_parameter_is_closed_by_its_name_or_a_pattern_for_all_of_it(name: str, reason: str | None) -> None:
    assert why_closed(name, {"port": "ours"}, {"ssl_.*": "no certificates"}) == reason
