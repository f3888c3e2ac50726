"""`flavors`: the sizes of server that a cloud offers."""

from collections.abc import Iterable

from pydantic import TypeAdapter
from rich.text import Text

from cli.arguments import Cloud, Json
from cli.columns import columns
from cli.known import provider_of
from cli.voice import Voice
from model.cloud import Flavor
from settings import load_settings

FLAVORS = TypeAdapter(list[Flavor])


def flavors(cloud: Cloud = None, json: Json = False) -> int:
    """List the flavors of a cloud, smallest first: memory in MiB, disk in GiB."""
    settings, voice = load_settings(), Voice(json)
    found = provider_of(settings, settings.cloud_named(cloud)).flavors()
    if json:
        voice.result(FLAVORS.dump_json(found, indent=2).decode())
    else:
        voice.show(*flavors_lines(found))
    return voice.told()


def flavors_lines(found: Iterable[Flavor]) -> list[Text]:
    """Return the flavors as people read them."""
    rows = [
        (each.name, str(each.vcpus), f"{each.memory} MiB", f"{each.disk} GiB", each.id if each.id != each.name else "")
        for each in found
    ]
    return columns(("name", "vcpus", "memory", "disk", "id" if any(row[-1] for row in rows) else ""), rows)
