"""Which engines and clouds there are: installed or configured here, or served by somebody's worker."""

from cli.pollers import Tasks, pollers
from cli.session import Session
from model.base import refusal
from model.spec import ClusterSpec
from providers.base import Provider
from settings import Settings
from worker import installed, make_provider
from workflows.queues import cloud_queue, engine_queue


async def require_known(session: Session, spec: ClusterSpec) -> None:
    """Refuse a datastore or cloud that nobody knows, by BadInput. Unknown versions and flavors are for `plan`."""
    clouds, engines = session.settings.all_clouds, installed("datastores")
    if spec.cloud not in clouds and not await pollers(session.client, cloud_queue(spec.cloud), Tasks.ACTIVITY):
        raise refusal("cloud", spec.cloud, f"one of {', '.join(sorted(clouds))}, or one that a worker serves")
    queue = engine_queue(spec.datastore, spec.cloud)
    if spec.datastore not in engines and not await pollers(session.client, queue, Tasks.ACTIVITY):
        raise refusal("datastore", spec.datastore, f"one of {', '.join(sorted(engines))}, or one that a worker serves")


def provider_of(settings: Settings, cloud: str) -> Provider:
    """Return a configured cloud's provider. Raises BadInput for a cloud that is not there, and as `make_provider`."""
    if cloud not in settings.all_clouds:
        raise refusal("cloud", cloud, f"one of {', '.join(sorted(settings.all_clouds))}")
    return make_provider(settings, cloud)
