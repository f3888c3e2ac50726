"""`make show-history`: prints a recorded history with its payloads decrypted by the key that only tests use."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from temporalio.api.common.v1 import Payload

from temporal.codec import EncryptionCodec
from tests.keys_for_tests import PAYLOAD_KEYS


async def decrypted(node: Any) -> Any:
    """Return a part of a history (the JSON form of its protobuf) with every payload replaced by what it holds."""
    if isinstance(node, list):
        return [await decrypted(each) for each in node]
    if not isinstance(node, dict):
        return node
    metadata = node.get("metadata")
    if isinstance(metadata, dict) and "encoding" in metadata:
        (payload,) = await EncryptionCodec(PAYLOAD_KEYS).decode([ParseDict(node, Payload())])
        return _plain(payload)
    return {key: await decrypted(value) for key, value in node.items()}


def _plain(payload: Payload) -> Any:
    if payload.metadata["encoding"].startswith(b"json/"):
        return json.loads(payload.data)
    return payload.data.decode(errors="replace") or None


def main(path: Path) -> None:
    """Print the history in a file as JSON."""
    print(json.dumps(asyncio.run(decrypted(json.loads(path.read_text()))), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
