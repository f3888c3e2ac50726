"""What settings say of engines: the catalogue, and their options."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from pydantic import Field

from model.base import Noun, Request, Whole, refusal
from model.cloud import Image
from model.errors import PlanRefused
from model.spec import PlainName

Options = TypeVar("Options", bound=Noun)


class Filesystem(StrEnum):
    """What a blank volume is formatted with."""

    EXT4 = "ext4"
    XFS = "xfs"


IMAGE = "a table with an image's id, or its name, or a list of its tags"


class Datastore(Request):
    """Ties a manager and a version to what installs it; `packages` is keyed by a guest's packaging (wheel, apt).

    `images` has the image of single clouds, `image` that of all others; without one a cloud takes its own.
    """

    manager: str = Field(description="the name of an engine")
    version: str = Field(description="a version of the engine")
    packages: dict[str, tuple[str, ...]] = Field(description="a table: packaging (wheel, apt) to a list of packages")
    default: bool = Field(default=False, description="whether it is meant when a request names no version")
    image: Image | None = Field(default=None, description=IMAGE)
    images: dict[PlainName, Image] = Field(default_factory=dict, description=f"a table: a cloud's name to {IMAGE}")

    def image_on(self, cloud: str) -> Image | None:
        """Return what servers of a cloud boot from; None: what the cloud itself says."""
        return self.images.get(cloud, self.image)


def catalogue(manager: str, entries: Iterable[Datastore]) -> dict[str, Datastore]:
    """Return one engine's entries by version; of two for the same version the later one holds."""
    return {entry.version: entry for entry in entries if entry.manager == manager}


def chosen(
    known: Mapping[str, Datastore], manager: str, version: str | None, packaging: str | None = None
) -> Datastore:
    """Return the entry of a version, or the default one, of those that servers with a `packaging` can install.

    None leaves the packaging aside. Raises PlanRefused with one sentence that names the versions there are.
    """
    fitting = {name: entry for name, entry in known.items() if packaging is None or packaging in entry.packages}
    where = f" on servers that install from {packaging}" if packaging else ""
    if not fitting:
        raise PlanRefused(str(refusal("datastore", manager, f"one with packages{where}")))
    for name, entry in fitting.items():
        if name == version or (version is None and entry.default):
            return entry
    allowed = f"one of {', '.join(sorted(fitting))} for {manager}{where}"
    raise PlanRefused(str(refusal("version", version, allowed)))


class GuestOptions(Noun):
    """An engine's options as its manager needs them on the guest (Trove's guest side)."""

    mount_point: str
    filesystem: Filesystem = Filesystem.EXT4


class EngineSettings(Request):
    """What settings may change of an engine's ServerOptions and GuestOptions; `usage_timeout` in seconds."""

    usage_timeout: Whole | None = Field(default=None, ge=10, description="a whole number of seconds from 10")
    root_on_create: bool | None = Field(default=None, description="true or false")
    max_cluster_size: Whole | None = Field(default=None, ge=1, le=99, description="a whole number from 1 to 99")

    filesystem: Filesystem | None = Field(default=None, description="ext4 or xfs")

    def applied_to(self, options: Options) -> Options:
        """Return the options with those of them that are set here."""
        known = set(type(options).model_fields)
        return options.model_copy(update=self.model_dump(exclude_none=True, include=known))
