"""Images in Glance."""

import re
from typing import Any

import openstack.exceptions

from model.cloud import Image
from providers.openstack.connection import Connection

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def image_called(text: str) -> Image:
    """Return the image that a text means, which may be a name or an id."""
    return Image(id=text) if UUID.fullmatch(text) else Image(name=text)


def described_image(wanted: Image) -> str:
    """Return what an image is looked for by, as a sentence shows it."""
    if wanted.tags:
        return f"the tags {', '.join(wanted.tags)}"
    return f"the id {wanted.id}" if wanted.id else f"the name {wanted.name}"


def find_image(connection: Connection, wanted: Image) -> Any | None:
    """Return the active image of that id, or the newest of that name or of those tags; None if there is none."""
    glance = connection.sdk.image
    if wanted.id is not None:
        try:
            found = [glance.get_image(wanted.id)]
        except openstack.exceptions.NotFoundException:
            return None
    else:
        found = list(glance.images(**({"name": wanted.name} if wanted.name else {"tag": list(wanted.tags)})))
    found = [each for each in found if each.status == "active"]
    return max(found, key=lambda each: (each.created_at, each.id), default=None)
