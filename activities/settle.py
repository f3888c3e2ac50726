"""Which of several to keep: one total order, which every attempt computes alike."""

from collections.abc import Iterable

from model.cloud import Server, ServerStatus, Volume, VolumeStatus


def keep_server(servers: Iterable[Server]) -> Server | None:
    """Return the server to keep: neither broken nor going, with a volume attached, oldest, lowest id; None of none."""
    return min(
        servers,
        key=lambda each: (
            each.status in (ServerStatus.ERROR, ServerStatus.DELETED),
            not each.volumes,
            each.created_at,
            each.id,
        ),
        default=None,
    )


def keep_volume(volumes: Iterable[Volume]) -> Volume | None:
    """Return the volume to keep: neither broken nor going, attached, oldest, lowest id; None of none."""
    return min(
        volumes,
        key=lambda each: (
            each.status in (VolumeStatus.ERROR, VolumeStatus.DELETING),
            each.server_id is None,
            each.created_at,
            each.id,
        ),
        default=None,
    )
