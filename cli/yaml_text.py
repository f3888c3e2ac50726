"""YAML as a person means it: scalars stay as they are written, and nothing in the text can grow or do anything."""

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


class YamlText:
    """One document, read from the parser's events: no anchor is followed and no tag obeyed.

    PyYAML's own loaders speak YAML 1.1, in which `on` is a truth value, 012 is ten and a version 7.10 is 7.1. Here
    only YAML 1.2's true, false and null are more than text, and whole numbers where the reader wants them.
    """

    def __init__(self, text: str, option: str, file: str, whole: Collection[Path]) -> None:
        """`option` and `file` name the text in refusals; `whole` is where whole numbers are read."""
        self._text, self._option, self._file, self._whole = text, option, file, whole
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._line = 0

    def value(self) -> object:
        """Return the document's value, None if it is empty. Raises BadInput, one sentence with the line."""
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._line = error.problem_mark.line if error.problem_mark else self._line
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
            return text
        if text in NULLS:
            return None
        return int(text) if path in self._whole and WHOLE.fullmatch(text) else TRUTH.get(text, text)

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
            if event.value in read:
                raise self._refusal(f"YAML that names {shown(event.value)} only once in a table")
            read[event.value] = self._value(self._next(), (*path, event.value))
        return read

    def _refusal(self, allowed: str, why: str = "") -> BadInput:
        return refusal(self._option, self._file, f"{allowed} (line {self._line + 1}{why})")


def _unless_secret(quoted: re.Match[str]) -> str:
    text = quoted[1] or quoted[2] or ""
    return quoted[0] if len(text) == 1 or text.startswith(("<", "\\")) else ""
