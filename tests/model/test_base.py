"""Nouns and refusals: what is frozen, what is forbidden, and how a wrong field is said in one sentence."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from model.base import BadInput, Noun, Request, Whole, bad_input, refusal, shown


class Box(Request):
    label: str = Field(pattern="^[a-z]+$", description="lower-case letters")
    weight: int = Field(default=1, ge=1)
    code: str | None = Field(default=None, repr=False, min_length=4, description="at least 4 characters")


class Cart(Request):
    owner: str = Field(description="a name")
    boxes: tuple[Box, ...] = Field(default=(), description="a list of boxes")
    stickers: dict[str, int] = Field(default_factory=dict, description="a table of numbers")


class Shelf(Request):
    label: dict[Annotated[str, Field(pattern="^[a-z]$", description="lower-case letters")], int]


class Count(Request):
    number: Whole = Field(description="a whole number")


class Memo(Noun):
    text: str


def sentences(model: type[BaseModel], value: Any) -> list[str]:
    with pytest.raises(ValidationError) as invalid:
        model.model_validate(value)
    return str(bad_input(invalid.value, model)).splitlines()


def test_a_noun_is_frozen_and_ignores_what_a_newer_writer_added() -> None:
    memo = Memo.model_validate({"text": "x", "added": 1})
    assert memo == Memo(text="x")
    with pytest.raises(ValidationError):
        memo.text = "y"  # type: ignore[misc]


def test_a_request_is_frozen() -> None:
    box = Box(label="a")
    with pytest.raises(ValidationError):
        box.label = "b"  # type: ignore[misc]


def test_a_refusal_names_the_field_the_value_and_what_is_allowed() -> None:
    error = refusal("nodes", 7, "a number from 1 to 5")
    assert isinstance(error, BadInput)
    assert str(error) == "nodes 7 is not allowed: it must be a number from 1 to 5"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"owner": 3}, "owner 3 is not allowed: it must be a name"),
        ({}, "owner is missing: it must be a name"),
        ({"owner": "a", "wheels": 4}, "wheels is not a field: allowed are owner, boxes, stickers"),
        ({"owner": "a", "boxes": [{}]}, "boxes.0.label is missing: it must be lower-case letters"),
        ({"owner": "a", "boxes": [{"label": "A"}]}, "boxes.0.label 'A' is not allowed: it must be lower-case letters"),
        (
            {"owner": "a", "boxes": [{"label": "a", "x": 1}]},
            "boxes.0.x is not a field: allowed are label, weight, code",
        ),
        (
            {"owner": "a", "stickers": {"owner": "x"}},
            "stickers.owner 'x' is not allowed: it must be a table of numbers",
        ),
        (
            {"owner": "a", "stickers": {"a\nb": "x"}},
            r"stickers.'a\nb' 'x' is not allowed: it must be a table of numbers",
        ),
        ({"owner": ["a"]}, "owner is not allowed: it must be a name"),
    ],
)
def test_each_wrong_field_is_one_sentence(value: Any, sentence: str) -> None:
    assert sentences(Cart, value) == [sentence]


def test_a_wrong_key_is_refused_by_what_keys_may_be() -> None:
    allowed = "label key 'B' is not allowed: it must be lower-case letters"
    assert sentences(Shelf, {"label": {"a": 1, "B": 2}}) == [allowed]


def test_a_long_value_or_key_is_shortened() -> None:
    [sentence] = sentences(Cart, {"owner": "a", "boxes": [{"label": "A" * 10**6}]})
    assert sentence.startswith("boxes.0.label 'AAAA")
    assert sentence.endswith("AAAA' is not allowed: it must be lower-case letters")
    assert len(sentence) < 200
    assert len(sentences(Cart, {"owner": "a", "x" * 10**6: 1})[0]) < 200
    assert len(str(refusal("nodes", "\0" * 10**6, "less"))) < 200


@pytest.mark.parametrize(
    ("value", "shows"), [("a\nb", r"'a\nb'"), ("\ud800", r"'\ud800'"), (True, "True"), ([1], "[1]")]
)
def test_a_value_is_shown_on_one_line(value: object, shows: str) -> None:
    assert shown(value) == shows


def test_a_truth_value_is_no_whole_number() -> None:
    assert [Count(number=number).number for number in (3, "3")] == [3, 3]
    assert sentences(Count, {"number": True}) == ["number True is not allowed: it must be a whole number"]


def test_several_wrong_fields_are_a_line_each() -> None:
    assert sentences(Cart, {"owner": 3, "boxes": [{"label": "A"}, {"label": 5}]}) == [
        "owner 3 is not allowed: it must be a name",
        "boxes.0.label 'A' is not allowed: it must be lower-case letters",
        "boxes.1.label 5 is not allowed: it must be lower-case letters",
    ]


def test_a_field_without_a_description_is_said_in_pydantic_s_words() -> None:
    assert sentences(Box, {"label": "a", "weight": 0}) == [
        "weight 0 is not allowed: it must be greater than or equal to 1"
    ]


@pytest.mark.parametrize(
    "boxes", [[{"label": "a", "code": "abc"}], ["abc"], "abc", {"code": "abc"}, [["abc"]]], ids=repr
)
def test_a_secret_is_not_repeated_wherever_it_was_put(boxes: Any) -> None:
    [sentence] = sentences(Cart, {"owner": "a", "boxes": boxes})
    assert sentence.startswith("boxes")
    assert "abc" not in sentence


@pytest.mark.parametrize("value", [None, 3, "owner", ["owner"]])
def test_what_is_no_table_at_all_is_refused_as_a_whole(value: Any) -> None:
    assert sentences(Cart, value) == ["the request must be a table of its fields"]
