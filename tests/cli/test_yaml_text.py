"""YAML and JSON as a person means it, and as nobody could abuse it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.yaml_text import MAX_DEPTH, YamlText
from model.base import BadInput


def read(text: str) -> Any:
    return YamlText(text, "--file", "spec.yaml", whole=[("nodes",)]).value()


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        read(text)
    return str(refused.value).removeprefix("--file 'spec.yaml' is not allowed: it must be ")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("18", "18"),
        ("7.10", "7.10"),
        ("0777", "0777"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2024-01-01", "2024-01-01"),
        ("on", "on"),
        ("no", "no"),
        ("64MB", "64MB"),
        (".inf", ".inf"),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ('"18"', "18"),
        ("~", None),
        ("", None),
        ("'~'", "~"),
        ("[a, 1]", ["a", "1"]),
        ("{b: c}", {"b": "c"}),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("orders # a comment", "orders"),
        ("Zürich 🐘", "Zürich 🐘"),
    ],
)
def test_a_scalar_is_what_is_written(written: str, meant: object) -> None:
    value = read(f"value: {written}")["value"]
    assert (value, type(value)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("written", "meant"), [("3", 3), ("-1", -1), ("+2", 2), ("010", 10), ("'3'", "3"), ("3.0", "3.0"), ("0x3", "0x3")]
)
def test_whole_numbers_are_read_where_they_are_wanted(written: str, meant: object) -> None:
    value = read(f"nodes: {written}")["nodes"]
    assert (value, type(value)) == (meant, type(meant))
    assert read(f"other: {{nodes: {written}}}")["other"]["nodes"] == written.strip("'")


def test_a_number_of_any_length_is_read() -> None:
    assert read(f"nodes: {'9' * 5000}") == {"nodes": "9" * 5000}


def test_an_empty_document_is_nothing() -> None:
    assert read("") is read("# only a comment\n") is read("---\n") is None


@pytest.mark.parametrize("text", ["%YAML 1.2\n---\nname: a\n...\n", "\ufeffname: a", "name: a\r\n", '{"name": "a"}'])
def test_what_else_yaml_may_begin_and_end_with(text: str) -> None:
    assert read(text) == {"name": "a"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: a\nname: b", "YAML that names 'name' only once in a table (line 2)"),
        ("a: {b: 1, b: 2}", "YAML that names 'b' only once in a table (line 1)"),
        ("a: &x [1]\nb: *x", "YAML without anchors, aliases and tags (line 1)"),
        ("a: 1\nb: *x", "YAML without anchors, aliases and tags (line 2)"),
        ("a: !!python/object/apply:os.system [true]", "YAML without anchors, aliases and tags (line 1)"),
        ("? [a]\n: b", "YAML whose keys are plain texts (line 1)"),
        ("---\na: 1\n---\nb: 2", "YAML with one document only (line 3)"),
        ("name: a: b", "YAML (line 1: mapping values are not allowed here)"),
        ("a:\n\t- 1", "YAML (line 2: found character '\\t' that cannot start any token)"),
        ("[a", "YAML (line 1: expected ',' or ']', but got '<stream end>')"),
        ("a: 1\nb: \x00", "YAML without control characters (line 2)"),
        ('a: 1\nb: "\\UFFFFFFFF"', "YAML with characters of Unicode only (line 2)"),
        ('a: "\\ud83d"', "YAML with characters of Unicode only (line 1)"),
        ("- " * 1000, f"YAML nested in at most {MAX_DEPTH} levels (line 1)"),
        ("[" * 100_000, f"YAML nested in at most {MAX_DEPTH} levels (line 1)"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


@pytest.mark.parametrize(
    "password", ["!Tr0ub4dor!x", "&Tr0ub4dor", "*Tr0ub4dor", "'Tr0ub4dor", '"Tr0\\qub4dor"', "@Tr0ub4dor", "%Tr0ub4dor"]
)
def test_a_password_that_yaml_takes_for_something_else_is_not_repeated(password: str) -> None:
    assert "ub4dor" not in refusal(f"users:\n- password: {password} x")


texts = st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]), max_size=20)
"""What YAML takes as it is; separators of lines and paragraphs end a line for PyYAML."""

every_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""What a text of JSON may be."""

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        st.none() | st.booleans() | text | numbers,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=9,
    )


def as_written(value: object) -> object:
    """A value with its numbers as json.dumps writes them."""
    match value:
        case dict():
            return {key: as_written(each) for key, each in value.items()}
        case list():
            return [as_written(each) for each in value]
        case bool() | None | str():
            return value
    return json.dumps(value)


@given(
    st.dictionaries(every_text, values(every_text)),
    st.booleans(),
    st.sampled_from([None, 0, 2, "\t"]),
    st.sampled_from([(", ", ": "), (",", ":"), ("\t,\r\n", "\n:\t")]),
    st.sampled_from(["", "\t\n"]),
)
def test_whatever_json_dumps_writes_is_read(
    value: dict[str, Any], ascii_only: bool, indent: Any, separators: tuple[str, str], before: str
) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    assert read(f"{before}{written}\n") == as_written(value)


@given(st.dictionaries(texts, values(texts)))
def test_a_table_of_yaml_may_hold_json(value: dict[str, Any]) -> None:
    assert read(f"a: {json.dumps(value)}")["a"] == as_written(value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            '{"nodes": 3, "other": {"nodes": 3}, "version": 7.10}',
            {"nodes": 3, "other": {"nodes": "3"}, "version": "7.10"},
        ),
        ('{"nodes": "3"}', {"nodes": "3"}),
        ('{"nodes": 3.0}', {"nodes": "3.0"}),
        ('{\t"a": "\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
        ('{"a": "\\/\\u0000\x7f\x85\ufffe"}', {"a": "/\0\x7f\x85\ufffe"}),
        ('a: "\\ud83d\\ude00"', {"a": "\N{GRINNING FACE}"}),
        (f'{{"a": {"[" * (MAX_DEPTH - 1)}{"]" * (MAX_DEPTH - 1)}}}', None),
    ],
)
def test_json_means_what_the_same_yaml_does(text: str, meant: object) -> None:
    assert read(text) == meant or meant is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"b": 1,\n\t"b": 2}', "JSON that names 'b' only once in a table"),
        ('{"\\u0062": 1, "b": 2}', "JSON that names 'b' only once in a table"),
        ('{"a": "\\ud83d"}', "JSON with characters of Unicode only"),
        ('{"\\ude00": 1}', "JSON with characters of Unicode only"),
        ("[" * 17 + "]" * 17, f"JSON nested in at most {MAX_DEPTH} levels"),
        ("[" * 50_000 + "]" * 50_000, f"YAML nested in at most {MAX_DEPTH} levels (line 1)"),
        ('{\n\t"a": 1,\n\t"b": 2,,\n}', "JSON or YAML (line 3: Expecting property name enclosed in double quotes)"),
    ],
)
def test_what_no_request_may_hold_is_refused_in_json_too(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


@given(st.text() | st.text(alphabet="-:{}[]&*!|>'\"%@`#,? \t\nab1"))
def test_whatever_is_written_is_a_value_or_a_sentence_with_a_line(text: str) -> None:
    with suppress(BadInput):
        read(text)
        return
    assert "(line " in refusal(text) or " JSON " in f" {refusal(text)}"
    assert len(refusal(text).splitlines()) == 1
