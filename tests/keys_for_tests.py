"""Keys that only tests use. Recorded histories are encrypted with this payload key, so it must never change."""

from keys import RootKeys
from temporal.codec import PayloadKeys

PAYLOAD_KEYS = PayloadKeys("test", {"test": b"only-for-recorded-histories-0001"})
ROOT_KEYS = RootKeys("test", {"test": b"only-for-recorded-histories-0002"})
