"""The smallest engine: a service that sleeps, and files as its database."""

# ruff: noqa: ARG002 - its hooks need not all they are given

from typing import ClassVar

from datastores.base import DatastoreManager, GuestOptions
from datastores.client import ClientCommand
from datastores.configuration import ConfigurationManager
from datastores.context import InstanceContext
from guests.base import Service
from model.cluster import ServerOptions
from model.datastore import Datastore
from model.errors import GuestError
from model.spec import ClusterSpec, DatabaseSpec, UserSpec

MOUNT_POINT = "/var/lib/toy"


class ToyClient:
    def connection_url(self, host: str, port: int, database: str | None, user: str, password: str) -> str:
        return f"toy://{host}:{port}"

    def client_command(self, host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
        return ClientCommand("toy", (host, str(port)), "TOY_PASSWORD_FILE", password)


class ToyManager(DatastoreManager):
    manager_name = "toy"
    superuser = "toy"
    own_client = ToyClient()
    datastores: ClassVar[tuple[Datastore, ...]] = (
        Datastore(manager="toy", version="1", packages={"wheel": ()}),
        Datastore(manager="toy", version="2", packages={"wheel": ()}, default=True),
    )
    server_options = ServerOptions(tcp_ports=(4000,), root_on_create=True, max_cluster_size=3)
    guest_options = GuestOptions(mount_point=MOUNT_POINT, data=f"{MOUNT_POINT}/log")

    answers = True
    """Whether its database answers, once its process runs."""
    broken = False
    """Whether `do_prepare` fails."""

    def configuration_manager(self, version: str) -> ConfigurationManager:
        return ConfigurationManager({}, {"port": f"version {version} has a port of its own"})

    def check_names(self, spec: ClusterSpec) -> None:
        pass

    def service(self, context: InstanceContext) -> Service:
        directory = context.guest.path(MOUNT_POINT)
        return Service(name="toy", command=["sleep", "600"], user="toy", directory=directory)

    def render_config_file(self, context: InstanceContext) -> str:
        return ""

    def do_prepare(self, context: InstanceContext) -> None:
        context.guest.ensure_user("toy", MOUNT_POINT)
        if self.broken:
            raise GuestError("it is broken")
        context.guest.service(self.service(context))
        self.start_service(context)

    def do_post_prepare(self, context: InstanceContext) -> None:
        self._append(context, f"joined {context.primary.name}")

    def do_cluster_complete(self, context: InstanceContext) -> None:
        self._append(context, f"complete with {len(context.replicas)} replicas")

    def create_database(self, context: InstanceContext, database: DatabaseSpec) -> None:
        self._append(context, f"database {database.name}")

    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        self._append(context, f"user {user.name} {password}")

    def enable_root(self, context: InstanceContext) -> None:
        self._append(context, "root")

    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        self._append(context, f"login {user.name} {password}")

    def is_running(self, context: InstanceContext) -> bool:
        return self.answers and context.guest.is_active("toy")

    def _append(self, context: InstanceContext, line: str) -> None:
        log = f"{MOUNT_POINT}/log"
        context.guest.write_file(log, (context.guest.read_file(log) or "") + line + "\n")
