"""A catalogue entry: one version of one engine, and the packages that bring it."""

from pydantic import Field

from model.base import Noun


class Datastore(Noun):
    """Ties a manager and a version to what installs it; `packages` is keyed by a guest's packaging (wheel, apt)."""

    manager: str
    version: str
    packages: dict[str, tuple[str, ...]]
    default: bool = Field(default=False, description="whether it is meant when a request names no version")
