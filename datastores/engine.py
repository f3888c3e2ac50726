"""Engine: what an engine is, and the hooks that it supplies. DatastoreManager calls them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from datastores.client import OwnClient
from datastores.configuration import ConfigurationManager, refuse_character_sets
from datastores.conflicts import Conflict
from datastores.context import InstanceContext
from datastores.volume import GuestOptions
from guests.base import Service
from model.cluster import ServerOptions
from model.datastore import Datastore
from model.spec import ClusterSpec, DatabaseSpec, UserSpec
from temporal.heartbeat import note


class Engine(ABC):
    """One engine's facts and hooks. A hook looks before it makes, so that a second run changes nothing."""

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

    def create_databases(self, context: InstanceContext, databases: Sequence[DatabaseSpec]) -> None:
        """Create what is missing of the databases; one after another, unless an engine can do many at once."""
        for database in databases:
            note(f"creates database {database.name}")
            self.create_database(context, database)

    def create_users(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Create what is missing of the users and their grants; one after another, unless an engine can do many."""
        for user in users:
            note(f"creates user {user.name}")
            self.create_user(context, user, context.password(user))

    @abstractmethod
    def enable_root(self, context: InstanceContext) -> None:
        """Let the engine's own superuser log in with the derived password `root`."""

    @abstractmethod
    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in as the user, wherever `create_user` made it. Raises GuestError if the database refuses."""

    def check_logins(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Log in as each user; one after another, unless an engine can do many. Raises GuestError with its name."""
        for user in users:
            note(f"logs in as {user.name}")
            self.check_login(context, user, context.password(user))

    @abstractmethod
    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member's database answers a real request, in its role.

        Whom a replica follows does not count: it must be able to start while its primary is down.
        """

    def reason_not_running(self, context: InstanceContext) -> str | None:
        """Return why the database does not answer, None if it does; an engine may say it in the database's words."""
        if self.is_running(context):
            return None
        return "it does not answer yet" if context.guest.is_active(self.manager_name) else "its process does not run"

    def reason_not_following(self, context: InstanceContext) -> str | None:  # noqa: ARG002 - for others
        """Return why a replica that answers does not follow its primary, in the server's own words; None if it does.

        Asked on replicas only. Raises ReplicationBroken where waiting cannot help.
        """
        return None

    def check_character_sets(self, databases: Sequence[DatabaseSpec], version: str) -> None:  # noqa: ARG002 - for others
        """Refuse databases' character sets and collations that a version has not, by PlanRefused: here all of them."""
        refuse_character_sets(databases, "this engine has none")

    def conflict(self, spec: ClusterSpec, version: str, memory: int) -> Conflict | None:  # noqa: ARG002 - for others
        """Return which setting cannot be beside the others on servers of `memory` MiB, None if all can."""
        return None
