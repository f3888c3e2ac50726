"""`schema`: the JSON Schema of the file that `create` takes, for editors and other programs."""

import json
import re
from typing import Any

from cli.request import Options
from cli.voice import Voice
from model.spec import ClusterSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:durabase:cluster"

DEFAULTS = {"datastore": Options.datastore, "flavor": Options.flavor, "cloud": None}
"""What may be left out of a file, and then is what it is for the options; None: it depends on the settings."""


def print_schema() -> int:
    """Print the JSON Schema (draft 2020-12) of the file that `create --file` takes."""
    voice = Voice()
    voice.result(json.dumps(file_schema(), indent=2, ensure_ascii=False))
    return voice.told()


def file_schema() -> dict[str, Any]:
    """Return the schema of the file as an editor sees it, for whom `version: 18` is a number."""
    schema = ClusterSpec.model_json_schema()
    schema["properties"]["configuration"]["additionalProperties"] = False
    _take_numbers_for_texts(schema)
    for field, default in DEFAULTS.items():
        schema["required"].remove(field)
        if default is not None:
            schema["properties"][field]["default"] = default
    described = {"title": "A durabase cluster", "description": "The request of one cluster, for `durabase create -f`."}
    return {"$schema": DIALECT, "$id": IDENTITY} | schema | described


def _take_numbers_for_texts(schema: Any) -> None:
    """Let numbers stand for texts, as `cli.yaml_text` reads them, unless no text of digits is allowed."""
    if isinstance(schema, list):
        for part in schema:
            _take_numbers_for_texts(part)
    elif isinstance(schema, dict):
        if schema.get("type") == "string" and "enum" not in schema and re.search(schema.get("pattern", ""), "1"):
            schema["type"] = ["string", "number"]
        for part in schema.values():
            _take_numbers_for_texts(part)
