"""DatastoreManager: what every engine shares. Its methods are the activities; an engine supplies undecorated hooks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

from temporalio import activity

from datastores.client import OwnClient
from datastores.command import run_once
from datastores.configuration import ConfigurationManager, refuse_character_sets
from datastores.conflicts import Conflict, memory_need
from datastores.context import Connector, InstanceContext, open_context
from datastores.marker import Install, write_marker
from datastores.service import define_service, final_refusal
from datastores.templates import templates_of
from datastores.volume import GuestOptions as GuestOptions
from datastores.volume import mount, require_data
from guests.base import Service
from guests.connect import connect
from keys import EngineKeys
from model.base import refusal
from model.cluster import EnginePlan, FilesystemStats, InstanceTask, OperatingStatus, PlanTask, ServerOptions
from model.command import CommandResult, CommandTask
from model.datastore import Datastore, EngineSettings, catalogue, chosen
from model.errors import DeadlineExceeded, GuestError, GuestUnreachable, PlanRefused
from model.spec import ClusterSpec, DatabaseSpec, UserSpec
from temporal.heartbeat import note

ADMINISTRATOR = "durabase"
"""The engine's own administrator account, for durabase; Trove calls it os_admin."""


class DatastoreManager(ABC):
    """One engine. Subclasses never override a decorated method: it would lose its registration as an activity.

    Every activity's identity key is (cluster uuid, member), kept in a marker on the member's volume, and every
    second run checks the real thing first and does only what is missing.
    """

    manager_name: ClassVar[str]
    superuser: ClassVar[str]
    """The engine's own superuser, who logs in once root is enabled; the command line calls it root."""
    own_client: ClassVar[OwnClient]
    """The engine's module `client`; it needs no keys and no guest."""
    datastores: ClassVar[tuple[Datastore, ...]]
    """The engine's built-in catalogue; settings may add versions or replace their packages."""
    server_options: ClassVar[ServerOptions]
    """The engine's own; settings may change some of them."""
    guest_options: ClassVar[GuestOptions]
    refuses_configuration: ClassVar[str] = "(?!)"
    """A pattern of the server's words, when it does not start, that say that it will never take its configuration."""

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

        Identity: the names inside the database. A second run finds them and sets passwords and grants again.
        """
        with self._context(task) as context:
            for database in task.databases:
                note(f"creates database {database.name}")
                self.create_database(context, database)
            for user in task.users:
                note(f"creates user {user.name}")
                self.create_user(context, user, context.password(user))
            if self._options.root_on_create:
                self.enable_root(context)
            self.do_cluster_complete(context)
            for user in task.users:
                self.check_login(context, user, context.password(user))

    @activity.defn
    def update_status(self, task: InstanceTask) -> OperatingStatus:
        """Ask the database whether it answers now. Identity: none, it only looks; it never touches `status`."""
        try:
            with self._context(task) as context:
                if self.is_running(context):
                    return OperatingStatus.HEALTHY
                running = context.guest.is_active(self.manager_name)
                return OperatingStatus.CRASHED if running else OperatingStatus.SHUTDOWN
        except (GuestUnreachable, GuestError, DeadlineExceeded) as error:
            activity.logger.warning("operating status is unknown: %s", error)
            return OperatingStatus.UNKNOWN

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
        """Stop and start the member's database and wait until it answers.

        Identity: the service; a second run restarts it once more, which leaves the same state. Raises DataLost as
        `prepare` does: what runs without its files may be the last that has the data, and goes on.
        """
        with self._context(task) as context:
            require_data(context, self.guest_options)
            context.guest.stop(self.manager_name)
            self.start_service(context)

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

    # The hooks an engine supplies.

    @abstractmethod
    def configuration_manager(self, version: str) -> ConfigurationManager:
        """Return what a version of the engine knows of configuration."""

    @abstractmethod
    def check_names(self, spec: ClusterSpec) -> None:
        """Refuse databases, users and passwords that the engine cannot take, by PlanRefused."""

    @abstractmethod
    def service(self, context: InstanceContext) -> Service:
        """Return the engine's service, named as the manager."""

    @abstractmethod
    def render_config_file(self, context: InstanceContext) -> str:
        """Return the engine's configuration file for this member, scaled by its server's memory."""

    @abstractmethod
    def do_prepare(self, context: InstanceContext) -> None:
        """Bring the mounted member to where it needs its peers; a primary ends up answering."""

    @abstractmethod
    def do_post_prepare(self, context: InstanceContext) -> None:
        """Join the member to the topology; a replica ends up answering."""

    @abstractmethod
    def do_cluster_complete(self, context: InstanceContext) -> None:
        """Return once every replica replicates; runs on the primary, after databases and users are there."""

    @abstractmethod
    def create_database(self, context: InstanceContext, database: DatabaseSpec) -> None:
        """Create a database on the primary, unless it is there."""

    @abstractmethod
    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Create a user with its password and grants, or set them again; on every member if users do not replicate."""

    @abstractmethod
    def enable_root(self, context: InstanceContext) -> None:
        """Let the engine's own superuser log in with the derived password `root`."""

    @abstractmethod
    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in as the user, wherever `create_user` made it. Raises GuestError if the database refuses."""

    @abstractmethod
    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member's database answers a real request."""

    def reason_not_running(self, context: InstanceContext) -> str | None:
        """Return why the database does not answer, None if it does; an engine may say it in the database's words."""
        if self.is_running(context):
            return None
        return "it does not answer yet" if context.guest.is_active(self.manager_name) else "its process does not run"

    def check_character_sets(self, databases: Sequence[DatabaseSpec], version: str) -> None:  # noqa: ARG002 - for others
        """Refuse databases' character sets and collations that a version has not, by PlanRefused: here all of them."""
        refuse_character_sets(databases, "this engine has none")

    def conflict(self, spec: ClusterSpec, version: str, memory: int) -> Conflict | None:  # noqa: ARG002 - for others
        """Return which setting cannot be beside the others on servers of `memory` MiB, None if all can."""
        return None

    # Inside.

    @contextmanager
    def _context(self, task: InstanceTask) -> Iterator[InstanceContext]:
        entry = chosen(self._catalogue, self.manager_name, task.version)
        task = self.configuration_manager(entry.version).renamed(task)
        with open_context(task, self._keys, entry, self._connect) as context:
            yield context
