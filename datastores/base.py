"""DatastoreManager: what every engine shares. Its methods are the activities; an engine supplies undecorated hooks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from temporalio import activity

from datastores.command import run_once
from datastores.conflicts import memory_need
from datastores.context import Connector, InstanceContext, open_context
from datastores.engine import Engine
from datastores.marker import Install, write_marker
from datastores.service import define_service, final_refusal
from datastores.templates import templates_of
from datastores.volume import GuestOptions as GuestOptions
from datastores.volume import mount, require_data
from guests.connect import connect
from keys import EngineKeys
from model.base import refusal
from model.cluster import EnginePlan, FilesystemStats, Health, Instance, InstanceTask, OperatingStatus, PlanTask
from model.command import CommandResult, CommandTask
from model.datastore import Datastore, EngineSettings, catalogue, chosen
from model.errors import DeadlineExceeded, GuestError, GuestUnreachable, PlanRefused, ReplicationBroken, StepError

ADMINISTRATOR = "durabase"
"""The engine's own administrator account, for durabase; Trove calls it os_admin."""


class DatastoreManager(Engine):
    """One engine. Subclasses never override a decorated method: it would lose its registration as an activity.

    Every activity's identity key is (cluster uuid, member), kept in a marker on the member's volume, and every
    second run checks the real thing first and does only what is missing.
    """

    def __init__(
        self,
        keys: EngineKeys,
        extra_datastores: Sequence[Datastore] = (),
        options: EngineSettings | None = None,
        connector: Connector = connect,
        packaging: str | None = None,
    ) -> None:
        """`packaging` is what the servers of the worker's cloud install from, None if that is not known."""
        self._packaging = packaging
        self._catalogue = catalogue(self.manager_name, (*self.datastores, *extra_datastores))
        changed = options or EngineSettings()
        self._options = changed.applied_to(self.server_options)
        self._filesystem = changed.applied_to(self.guest_options).filesystem
        self._keys = keys
        self._connect = connector

    @property
    def activities(self) -> Sequence[Callable[..., object]]:
        """What the engine's worker registers."""
        own = (self.plan, self.prepare, self.post_prepare, self.cluster_complete, self.update_status)
        return [*own, self.get_filesystem_stats, self.run_command, self.ping, self.start, self.stop, self.restart]

    # The activities, in the order in which a build runs them.

    @activity.defn
    def plan(self, task: PlanTask) -> EnginePlan:
        """Check a request against the engine. Identity: none, it only looks; a second run answers the same.

        Raises PlanRefused with one sentence that names the field, the value and what is allowed.
        """
        spec, options = task.spec, self._options
        entry = chosen(self._catalogue, self.manager_name, spec.version, self._packaging)
        least, most, engine = options.min_cluster_size, options.max_cluster_size, self.manager_name
        if not least <= spec.nodes <= most:
            raise PlanRefused(str(refusal("nodes", spec.nodes, f"a number from {least} to {most} for {engine}")))
        spec = self.configuration_manager(entry.version).checked(spec)
        self.check_names(spec)
        self.check_character_sets(spec.databases, entry.version)
        need = memory_need(lambda memory: self.conflict(spec, entry.version, memory))
        image, key = entry.image_on(spec.cloud), self._keys.current
        return EnginePlan(version=entry.version, options=options, root_key_id=key, image=image, memory_need=need)

    @activity.defn
    def prepare(self, task: InstanceTask) -> None:
        """Install, mount and configure one member; a primary also initialises and starts. Needs no peer.

        Identity: the marker on the member's volume. A second run checks each part and does what is missing; a run
        after a failed one begins clean. Raises GuestRefused if the volume is another member's, DataLost if data that
        must be there is not: then nothing is changed.
        """
        with self._context(task) as context:
            mount(context, self.guest_options, self._filesystem)
            self.begin_install(context)
            try:
                self.do_prepare(context)
            except GuestError as error:
                self.end_install(context, error)
                raise
            self.end_install(context)

    @activity.defn
    def post_prepare(self, task: InstanceTask) -> None:
        """Join one prepared member to the topology; the primary first.

        Identity: the member's data directory. A second run never wipes or copies data again. Raises DataLost as
        `prepare` does.
        """
        with self._context(task) as context:
            require_data(context, self.guest_options)
            self.do_post_prepare(context)

    @activity.defn
    def cluster_complete(self, task: InstanceTask) -> None:
        """Create databases and users on the primary; return once all replicate and every user can log in.

        Identity: the names inside the database. A second run finds them, makes what is missing, and sets passwords and
        grants again.
        """
        with self._context(task) as context:
            self.create_databases(context, task.databases)
            self.create_users(context, task.users)
            if self._options.root_on_create:
                self.enable_root(context)
            self._wait_for_replicas(context)
            self.do_cluster_complete(context)
            self.check_logins(context, task.users)

    @activity.defn
    def update_status(self, task: InstanceTask) -> OperatingStatus | Health:
        """Ask the database whether it answers now, and a replica whether it follows; with the reason if asked for it.

        Identity: none, it only looks; it never touches `status`.
        """
        health = self._health(task)
        return health if task.explained else health.operating_status

    @activity.defn
    def get_filesystem_stats(self, task: InstanceTask) -> FilesystemStats:
        """Return the size and use of the file system that holds the member's data. Identity: none, it only looks."""
        with self._context(task) as context:
            return context.filesystem_stats(self.guest_options.mount_point)

    @activity.defn
    def run_command(self, task: CommandTask) -> CommandResult:
        """Run a person's command on the member. Identity: none, so it is tried once only (datastores/command.py)."""
        with self._context(task) as context:
            return run_once(context.guest, task)

    @activity.defn
    def ping(self, task: InstanceTask) -> None:
        """Reach the member over SSH. Identity: none. Raises GuestUnreachable."""
        with self._context(task) as context:
            context.guest.run(["true"], changes=False)

    @activity.defn
    def start(self, task: InstanceTask) -> None:
        """Start the member's database and wait until it answers. Identity: the service; a second run finds it up.

        Raises DataLost as `prepare` does: some databases would start empty.
        """
        with self._context(task) as context:
            require_data(context, self.guest_options)
            self.start_service(context)

    @activity.defn
    def stop(self, task: InstanceTask) -> None:
        """Stop the member's database. Identity: the service; a second run finds it stopped."""
        with self._context(task) as context:
            context.guest.stop(self.manager_name)

    @activity.defn
    def restart(self, task: InstanceTask) -> None:
        """Stop and start the member's database; wait until it answers and replicas follow again.

        A replica waits for its own link while the primary runs; the primary, whose turn is the last, for all of them,
        and says what keeps one from it. Identity: the service; a second run restarts it once more, which leaves the
        same state. Raises ReplicationBroken with the replica's name, and DataLost as `prepare` does: what runs without
        its files may be the last that has the data, and goes on.
        """
        with self._context(task) as context:
            require_data(context, self.guest_options)
            context.guest.stop(self.manager_name)
            if context.is_primary:
                self.start_service(context)
                self._wait_for_replicas(context)
                return
            try:
                self.start_service(context)
                self._wait_for_link(context)
            except ReplicationBroken as error:
                # The others are restarted all the same.
                activity.logger.warning("%s: %s", task.member, error)

    # The template of prepare, and what hooks may call.

    def begin_install(self, context: InstanceContext) -> None:
        """Write the start marker."""
        write_marker(context, self.guest_options.mount_point, Install.BEGUN)

    def end_install(self, context: InstanceContext, error: GuestError | None = None) -> None:
        """Write the end marker, or keep the error as the fault."""
        install = Install.FAILED if error else Install.ENDED
        write_marker(context, self.guest_options.mount_point, install, str(error) if error else None)

    def run_server(self, context: InstanceContext, file: str, others: Mapping[str, str] | None = None) -> None:
        """Write the configuration to `file`, and others (path to content); define the service and start it."""
        files = {file: self.render_config_file(context), **(others or {})}
        define_service(context.guest, self.service(context), files)
        self.start_service(context)

    def start_service(self, context: InstanceContext) -> None:
        """Start the engine's service and wait until the database answers."""
        with final_refusal(context, self.refuses_configuration):
            context.guest.start(self.manager_name)
        context.wait_until(lambda: self.reason_not_running(context), f"{self.manager_name} to answer")

    def render(self, context: InstanceContext, template: str, **values: object) -> str:
        """Render a template of the engine, looked up as `<version>/<template>`, then `<template>`."""
        names = [f"{context.task.version}/{template}", template]
        return templates_of(type(self).__module__).select_template(names).render(values)

    # Inside.

    @contextmanager
    def _context(self, task: InstanceTask) -> Iterator[InstanceContext]:
        entry = chosen(self._catalogue, self.manager_name, task.version)
        task = self.configuration_manager(entry.version).renamed(task)
        with open_context(task, self._keys, entry, self._connect) as context:
            yield context

    def _health(self, task: InstanceTask) -> Health:
        try:
            with self._context(task) as context:
                reason = self._reason_not_healthy(context)
                if reason is None:
                    return Health(operating_status=OperatingStatus.HEALTHY)
                running = context.guest.is_active(self.manager_name)
                status = OperatingStatus.CRASHED if running else OperatingStatus.SHUTDOWN
                return Health(operating_status=status, reason=reason)
        except (GuestUnreachable, GuestError, DeadlineExceeded) as error:
            activity.logger.warning("operating status is unknown: %s", error)
            return Health(operating_status=OperatingStatus.UNKNOWN, reason=str(error))

    def _reason_not_healthy(self, context: InstanceContext) -> str | None:
        try:
            if not self.is_running(context):
                return self.reason_not_running(context) or "it did not answer just now"
            return None if context.is_primary else self.reason_not_following(context)
        except ReplicationBroken as error:
            return str(error)

    def _wait_for_link(self, context: InstanceContext) -> None:
        """Return once a replica follows, or once its primary does not run: then it is the primary that must start."""
        if self.reason_not_following(context) is None:
            return
        with self._beside(context, context.primary) as primary:
            context.wait_until(
                lambda: self.reason_not_following(context) if self.is_running(primary) else None,
                f"{context.instance.name} to follow",
            )

    def _wait_for_replicas(self, context: InstanceContext) -> None:
        """Return once every replica follows. Raises StepError with the name of the replica that does not."""
        for replica in context.replicas:
            try:
                with self._beside(context, replica) as other:
                    self._wait_to_follow(other)
            except StepError as error:
                error.member = replica.name
                raise

    def _wait_to_follow(self, replica: InstanceContext) -> None:
        what = f"{replica.instance.name} to follow"
        replica.wait_until(lambda: self.reason_not_following(replica), what)

    def _beside(self, context: InstanceContext, other: Instance) -> AbstractContextManager[InstanceContext]:
        """Connect to another member of the same cluster, to look: the step has no number among those of that member."""
        beside = {"member": other.name, "operation": 0, "step": 0}
        return self._context(context.task.model_copy(update=beside))
