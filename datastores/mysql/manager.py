"""MySQL, as MariaDB: one primary, and replicas that follow it by global transaction ids."""

from collections.abc import Sequence
from typing import ClassVar

from datastores.accounts import Account, account_of
from datastores.base import ADMINISTRATOR, DatastoreManager, GuestOptions
from datastores.client import OwnClient
from datastores.configuration import ConfigurationManager
from datastores.conflicts import Conflict, memory_conflict
from datastores.context import InstanceContext, address_of
from datastores.data_directory import make_data
from datastores.mysql import accounts, client, layout, parameters, replication, server, sql
from datastores.mysql.names import check_names
from datastores.mysql.session import Session
from datastores.mysql.sizes import binlog_size, sizes
from datastores.service import install
from guests.base import Service
from model.cluster import Role, ServerOptions
from model.datastore import Datastore
from model.spec import ClusterSpec, DatabaseSpec, UserSpec

STOP_SECONDS = 180
"""A stopping server writes back what its cache has changed."""


class MysqlManager(DatastoreManager):
    """MariaDB's hooks."""

    manager_name = "mysql"
    superuser = layout.SUPERUSER
    own_client: ClassVar[OwnClient] = client
    # The packages' minor version is pinned, as parameters.tsv is of it. Without `mariadb-server`, which is Debian's
    # own service; mariadb-dump is in `mariadb-client`.
    datastores = (
        Datastore(
            manager="mysql",
            version="mariadb-10.11",
            packages={"apt": ("mariadb-server-core=1:10.11.*", "mariadb-client-core", "mariadb-client")},
            default=True,
        ),
    )
    server_options = ServerOptions(tcp_ports=(layout.PORT,))
    guest_options = GuestOptions(mount_point=layout.MOUNT_POINT, data=layout.SYSTEM_SCHEMA)
    refuses_configuration = (
        "unknown (?:variable|option)|Unknown suffix|Error while setting value|COLLATION .* is not valid"
        "|unknown default time zone|Cannot (?:map innodb|allocate memory for the) ?_?buffer.pool"
    )

    def configuration_manager(self, version: str) -> ConfigurationManager:
        """Return what a version knows of configuration."""
        return parameters.configuration_manager(version)

    def check_names(self, spec: ClusterSpec) -> None:
        """Refuse names that MariaDB cannot take or that are its own, and settings that do not go together."""
        check_names(spec)
        replication.check_semi_synchronous(spec)
        parameters.check_collation(spec)

    def check_character_sets(self, databases: Sequence[DatabaseSpec], version: str) -> None:
        """Refuse those that the version has not, or that do not belong together."""
        parameters.check_character_sets(databases, version)

    def conflict(self, spec: ClusterSpec, version: str, memory: int) -> Conflict | None:
        """Return what takes more than there is, of memory or of the volume, when a server starts."""
        found = parameters.volume_conflict(spec, version)
        shares = parameters.taken_at_start(spec.configuration, version)
        return found or memory_conflict(shares, spec.configuration, memory)

    def service(self, context: InstanceContext) -> Service:
        """Return the server's service."""
        return Service(
            name=self.manager_name,
            command=[context.programs["mariadbd"], f"--defaults-file={context.guest.path(layout.CONFIG_FILE)}"],
            user=layout.SYSTEM_USER,
            directory=context.guest.path(layout.MOUNT_POINT),
            stop_timeout=STOP_SECONDS,
        )

    def render_config_file(self, context: InstanceContext) -> str:
        """Return my.cnf; the request's overrides stand last."""
        path, member, task = context.guest.path, context.instance, context.task
        volume = member.volume.size if member.volume else None
        return self.render(
            context,
            "my.cnf.j2",
            quote=client.quote,
            member=member.name,
            data=path(layout.DATA),
            run=path(layout.RUN),
            socket=path(layout.SOCKET),
            address=address_of(member),
            port=layout.PORT,
            sizes=sizes(context.server.memory, volume),
            binlog_size=binlog_size(volume),
            server_id=replication.server_id(task.identity.id, member.name),
            is_primary=context.is_primary,
            overrides=self.configuration_manager(task.version).render(task.configuration),
        )

    def do_prepare(self, context: InstanceContext) -> None:
        """Install and make the directories; a primary also initialises and starts."""
        install(context, layout.SYSTEM_USER, layout.MOUNT_POINT, (layout.CONFIG, layout.RUN))
        own = client.option_file(ADMINISTRATOR, context.secrets.password("administrator"))
        context.guest.write_file(layout.ADMINISTRATOR_FILE, own, mode=0o600, owner=layout.SYSTEM_USER)
        if context.is_primary:
            make_data(context, layout.DATA, layout.SYSTEM_USER, server.initialise)
            self.run_server(context, layout.CONFIG_FILE)

    def do_post_prepare(self, context: InstanceContext) -> None:
        """Give the primary its replication user; make a replica from the primary and let it follow."""
        session = Session(context, context.instance)
        if context.is_primary:
            self._set_user(session, layout.REPLICATION, context.secrets.password("replication"))
            self._grant(session, sql.STREAM, sql.EVERYWHERE, layout.REPLICATION)
            return
        make_data(context, layout.DATA, layout.SYSTEM_USER, server.copy_primary)
        self.run_server(context, layout.CONFIG_FILE)
        replication.follow_primary(context, session)
        context.wait_until(lambda: self.reason_not_following(context), f"{context.instance.name} to follow")

    def do_cluster_complete(self, context: InstanceContext) -> None:
        """Wait until every replica has what the primary has, and the primary waits for them if it shall."""
        position = Session(context, context.instance).query(sql.POSITION)[0]
        context.wait_until(lambda: replication.reason_behind(context, position), "replicas to follow")
        what = replication.SEMI_SYNCHRONOUS
        context.wait_until(lambda: replication.reason_not_semi_synchronous(context), what)

    def create_database(self, context: InstanceContext, database: DatabaseSpec) -> None:
        """Create a database in the character set and collation that it names, or in the server's; or set them again."""
        self.create_databases(context, [database])

    def create_databases(self, context: InstanceContext, databases: Sequence[DatabaseSpec]) -> None:
        """Create several in a few sessions."""
        accounts.create_databases(Session(context, context.instance), databases)

    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Create a user who may do everything in its databases, and nothing outside."""
        accounts.create_users(Session(context, context.instance), [account_of(context, user, password)])

    def create_users(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Create several in a few sessions."""
        wanted = [account_of(context, user) for user in users]
        accounts.create_users(Session(context, context.instance), wanted)

    def enable_root(self, context: InstanceContext) -> None:
        """Let `root` log in, and do everything."""
        session = Session(context, context.instance)
        self._set_user(session, layout.SUPERUSER, context.secrets.password("root"))
        self._grant(session, sql.EVERYTHING, sql.EVERYWHERE, layout.SUPERUSER, " WITH GRANT OPTION")

    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in to one of the user's databases, and see that it may use all of them."""
        accounts.log_in(Session(context, context.instance), [account_of(context, user, password)])

    def check_logins(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Check one after another: a client logs in once."""
        wanted = [account_of(context, user) for user in users]
        accounts.log_in(Session(context, context.instance), wanted)

    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member answers in its role."""
        return self.reason_not_running(context) is None

    def reason_not_running(self, context: InstanceContext) -> str | None:
        """Return why the member does not serve in its role, in the server's words, None if it does."""
        answer = Session(context, context.instance).attempt(sql.READ_ONLY)
        if answer.code != 0:
            return answer.stderr.strip() if context.guest.is_active(self.manager_name) else "its process does not run"
        role = Role.REPLICA if answer.stdout.strip() == "1" else Role.PRIMARY
        return None if role is context.instance.role else f"it runs as {role}, not as {context.instance.role}"

    def reason_not_following(self, context: InstanceContext) -> str | None:
        """Return why a replica does not follow its primary: then it serves old data. Raises ReplicationBroken."""
        return replication.reason_not_following(Session(context, context.instance))

    # Inside.

    def _set_user(self, session: Session, user: str, password: str) -> None:
        accounts.create_users(session, [Account(user, password, ())])

    def _grant(self, session: Session, privileges: str, on: str, user: str, option: str = "") -> None:
        wanted = sql.grant(privileges, on, user)
        if not any(granted.startswith(wanted) for granted in session.query(sql.grants_of(user))):
            session.execute(f"{wanted}{option}")
