"""YAML and JSON as a person means it: scalars stay as they are written, and nothing in the text can do anything."""

import json
import re
from collections.abc import Collection, Iterator

import yaml

from model.base import BadInput, refusal, shown

MAX_DEPTH = 16
"""Levels of lists and tables; a request has four."""

NULLS = ("", "~", "null", "Null", "NULL")
TRUTH = {text: text.lower() == "true" for text in ("true", "True", "TRUE", "false", "False", "FALSE")}
"""How YAML 1.2 spells nothing and truth values (its core schema, 10.3.2)."""

WHOLE = re.compile(r"[-+]?[0-9]{1,18}")

QUOTED = re.compile(r""" ?(?:'([^']*)'|"([^"]*)")""")
"""What a finding of the parser quotes: a token's name in angle brackets, a character, or more, which may be secret."""

Path = tuple[str | int, ...]


class _Number(str):
    """A number of JSON, as it is written."""


class _Table(list[tuple[str, object]]):
    """A table of JSON, each key with its value, also those that are named twice."""


class YamlText:
    """One document: JSON, or YAML read from the parser's events, where no anchor is followed and no tag obeyed.

    JSON is read by rules of its own: PyYAML knows no tabs between its tokens and no escaped pairs of surrogates. What
    is read means the same either way.

    PyYAML's own loaders speak YAML 1.1, in which `on` is a truth value, 012 is ten and a version 7.10 is 7.1. Here
    only YAML 1.2's true, false and null are more than text, and whole numbers where the reader wants them.
    """

    def __init__(self, text: str, option: str, file: str, whole: Collection[Path]) -> None:
        """`option` and `file` name the text in refusals; `whole` is where whole numbers are read."""
        self._text, self._option, self._file, self._whole = text, option, file, whole
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._line = 0

    def value(self) -> object:
        """Return the document's value, None if it is empty. Raises BadInput, one sentence, with the line in YAML."""
        try:
            read = json.loads(
                self._text,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_Number,
                object_pairs_hook=_Table,
            )
        except json.JSONDecodeError as error:
            return self._yaml(error)
        except RecursionError:
            return self._yaml()
        return self._json(read, ())

    def _json(self, read: object, path: Path) -> object:
        match read:
            case _Number():
                return self._plain(str(read), path)
            case str():
                return self._json_text(read)
            case list() if len(path) == MAX_DEPTH:
                raise refusal(self._option, self._file, f"JSON nested in at most {MAX_DEPTH} levels")
            case _Table():
                return self._json_table(read, path)
            case list():
                return [self._json(each, (*path, number)) for number, each in enumerate(read)]
        return read

    def _json_table(self, pairs: _Table, path: Path) -> dict[str, object]:
        read: dict[str, object] = {}
        for written, value in pairs:
            key = self._json_text(written)
            if key in read:
                raise refusal(self._option, self._file, f"JSON that names {shown(key)} only once in a table")
            read[key] = self._json(value, (*path, key))
        return read

    def _json_text(self, text: str) -> str:
        try:
            return _joined(text)
        except UnicodeError:
            raise refusal(self._option, self._file, "JSON with characters of Unicode only") from None

    def _yaml(self, no_json: json.JSONDecodeError | None = None) -> object:
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._line = error.problem_mark.line if error.problem_mark else self._line
            if no_json is not None and no_json.lineno - 1 > self._line and self._text.lstrip().startswith(("{", "[")):
                # It is meant as JSON, and up to there nothing is wrong with that.
                allowed = f"JSON or YAML (line {no_json.lineno}: {no_json.msg})"
                raise refusal(self._option, self._file, allowed) from None
            problem = QUOTED.sub(_unless_secret, error.problem or "it ends too early")
            raise self._refusal("YAML", f": {problem}") from None
        except yaml.reader.ReaderError as error:
            self._line = self._text.count("\n", 0, error.position)
            raise self._refusal("YAML without control characters") from None
        except BadInput:
            raise
        except (ValueError, OverflowError):
            # PyYAML does not check an escape such as "\UFFFFFFFF".
            raise self._refusal("YAML with characters of Unicode only") from None

    def _document(self) -> object:
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._value(self._next(), ())
        self._next()
        if not isinstance(self._next(), yaml.StreamEndEvent):
            raise self._refusal("YAML with one document only")
        return value

    def _next(self) -> yaml.Event:
        event = next(self._events)
        self._line = event.start_mark.line if event.start_mark else self._line
        if any(getattr(event, name, None) is not None for name in ("anchor", "tag")):
            raise self._refusal("YAML without anchors, aliases and tags")
        return event

    def _value(self, event: yaml.Event, path: Path) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) == MAX_DEPTH:
            raise self._refusal(f"YAML nested in at most {MAX_DEPTH} levels")
        return self._table(path) if isinstance(event, yaml.MappingStartEvent) else self._list(path)

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> object:
        text: str = event.value
        if event.style is not None:
            return _joined(text)
        if text in NULLS:
            return None
        return TRUTH[text] if text in TRUTH else self._plain(text, path)

    def _plain(self, text: str, path: Path) -> int | str:
        return int(text) if path in self._whole and WHOLE.fullmatch(text) else text

    def _list(self, path: Path) -> list[object]:
        read: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            read.append(self._value(event, (*path, len(read))))
        return read

    def _table(self, path: Path) -> dict[str, object]:
        read: dict[str, object] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refusal("YAML whose keys are plain texts")
            key = _joined(event.value)
            if key in read:
                raise self._refusal(f"YAML that names {shown(key)} only once in a table")
            read[key] = self._value(self._next(), (*path, key))
        return read

    def _refusal(self, allowed: str, why: str = "") -> BadInput:
        return refusal(self._option, self._file, f"{allowed} (line {self._line + 1}{why})")


def _joined(text: str) -> str:
    """Return a text whose pairs of surrogates, as JSON escapes them, are characters. Raises UnicodeError for a half."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def _unless_secret(quoted: re.Match[str]) -> str:
    text = quoted[1] or quoted[2] or ""
    return quoted[0] if len(text) == 1 or text.startswith(("<", "\\")) else ""
