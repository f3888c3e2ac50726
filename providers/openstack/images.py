"""Images in Glance."""

import re
from typing import Any

import openstack.exceptions

from providers.openstack.connection import Connection

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_image(connection: Connection, wanted: str) -> Any | None:
    """Return the image of that id, or the newest active one of that name; None if there is none."""
    glance = connection.sdk.image
    if UUID.fullmatch(wanted):
        try:
            return glance.get_image(wanted)
        except openstack.exceptions.NotFoundException:
            return None
    found = [each for each in glance.images(name=wanted) if each.status == "active"]
    return max(found, key=lambda each: (each.created_at, each.id), default=None)
