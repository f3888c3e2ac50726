"""What people may see of a payload: everything but the passwords that somebody gave."""

import json
from collections.abc import Iterator
from typing import Any

from temporalio.api.common.v1 import Payload

from model.base import BadInput
from model.password import FIELD, MASK

JSON = b"json/plain"


def masked(payload: Payload) -> Payload:
    """Return the payload with the mask in place of each password. Raises BadInput for JSON that cannot be read."""
    tree = _tree(payload)
    holders = list(_holders(tree))
    if not holders:
        return payload
    for holder in holders:
        holder[FIELD] = MASK
    shown = Payload()
    shown.CopyFrom(payload)
    shown.data = json.dumps(tree).encode()
    return shown


def refuse_masked(payload: Payload) -> None:
    """Raise BadInput for a payload that somebody copied from where its passwords are masked: they would be lost."""
    if any(holder[FIELD] == MASK for holder in _holders(_tree(payload))):
        raise BadInput(f"{FIELD} {MASK!r} is not allowed: it must be a password, and this is what stands in for one")


def _tree(payload: Payload) -> Any:
    """Return the payload's JSON; None for any other encoding, in which durabase writes no password."""
    if payload.metadata.get("encoding") != JSON:
        return None
    try:
        return json.loads(payload.data)
    except (ValueError, RecursionError):
        raise BadInput("a payload is not allowed: it must be the JSON that its metadata says it is") from None


def _holders(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield each table that has a password."""
    if isinstance(tree, dict):
        if tree.get(FIELD) is not None:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from _holders(each)
