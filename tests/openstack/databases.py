"""MariaDB and RabbitMQ of the throwaway cloud, and every service's tables."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tests.openstack.daemons import CloudError, Daemon
from tests.openstack.layout import (
    ADDRESS,
    DATA,
    EPMD_PORT,
    ETC,
    KEYSTONE_PORT,
    MARIADB_PORT,
    PASSWORD,
    RABBITMQ_DISTRIBUTION_PORT,
    RABBITMQ_PORT,
    REGION,
    VENV,
    database_url,
    program,
    url,
)
from tests.openstack.packages import run

DATABASES = ("keystone", "placement", "glance", "nova_api", "nova_cell0", "nova_cell1", "neutron", "cinder")
MIGRATED = DATA / "migrated"
SOCKET = DATA / "mariadb.sock"
DEFAULTS = ETC / "mariadb.cnf"
SECONDS = 60

MARIADB = Daemon(
    "mariadb",
    (
        "mariadbd",
        "--no-defaults",
        "--user=root",  # softened: no user of its own
        f"--datadir={DATA}/mariadb",
        f"--socket={SOCKET}",
        f"--pid-file={DATA}/mariadb.pid",
        f"--bind-address={ADDRESS}",
        f"--port={MARIADB_PORT}",
        # Softened: nothing is durable. What is lost with the machine is thrown away.
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--skip-log-bin",
        "--innodb-buffer-pool-size=256M",
        "--max-connections=500",
        "--performance-schema=0",
        "--character-set-server=utf8mb4",
        "--skip-name-resolve",
    ),
    (MARIADB_PORT,),
)

EPMD = Daemon("epmd", ("epmd", "-address", ADDRESS, "-port", str(EPMD_PORT)), (EPMD_PORT,))
"""Erlang's port mapper. RabbitMQ would leave one running that nobody knows of."""

RABBITMQ = Daemon(
    "rabbitmq",
    ("/usr/lib/rabbitmq/bin/rabbitmq-server",),
    (RABBITMQ_PORT, RABBITMQ_DISTRIBUTION_PORT),
    {
        "HOME": f"{DATA}/rabbitmq",
        "ERL_EPMD_ADDRESS": ADDRESS,
        "ERL_EPMD_PORT": str(EPMD_PORT),
        "RABBITMQ_NODENAME": "throwaway@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": ADDRESS,
        "RABBITMQ_NODE_PORT": str(RABBITMQ_PORT),
        "RABBITMQ_DIST_PORT": str(RABBITMQ_DISTRIBUTION_PORT),
        "RABBITMQ_MNESIA_BASE": f"{DATA}/rabbitmq",
        "RABBITMQ_LOG_BASE": f"{DATA}/rabbitmq/log",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{DATA}/rabbitmq/enabled_plugins",
        "RABBITMQ_PID_FILE": f"{DATA}/rabbitmq/pid",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
    },
)


def up() -> None:
    """Start both, and make every service's tables."""
    DEFAULTS.touch(0o600)
    DEFAULTS.write_text(f"[client]\nhost={ADDRESS}\nport={MARIADB_PORT}\nuser=root\npassword={PASSWORD}\n")
    _install_mariadb()
    (DATA / "rabbitmq").mkdir(exist_ok=True)
    for daemon in (MARIADB, EPMD, RABBITMQ):
        daemon.start()
    MARIADB.wait_until_open()
    _set_password()
    RABBITMQ.wait_until_open()
    _migrate()


def _install_mariadb() -> None:
    """Make its data directory, whole or not at all."""
    if (DATA / "mariadb").exists():
        return
    new = DATA / "mariadb.new"
    shutil.rmtree(new, ignore_errors=True)
    options = ["--user=root", f"--datadir={new}", "--auth-root-authentication-method=normal", "--skip-test-db"]
    run("mariadb-install", "mariadb-install-db", "--no-defaults", *options)
    new.rename(DATA / "mariadb")


def _set_password() -> None:
    """Give root its password; mariadb-install-db makes root@127.0.0.1 without one."""
    accounts = f"""
        ALTER USER root@localhost IDENTIFIED BY '{PASSWORD}';
        CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
        GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
    """
    if not _succeeds(["mariadb", f"--defaults-file={DEFAULTS}"], "SELECT 1"):
        _execute(["mariadb", "--no-defaults", "--user=root", f"--socket={SOCKET}"], accounts)


def _migrate() -> None:
    """Make the tables, unless the installed versions have done so: two lanes, one a core."""
    installed = (VENV / "made-from").read_text()
    if MIGRATED.exists() and MIGRATED.read_text() == installed:
        return
    creates = "".join(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4;" for name in DATABASES)
    _execute(["mariadb", f"--defaults-file={DEFAULTS}"], creates)
    with ThreadPoolExecutor() as lanes:
        for lane in [lanes.submit(_first_lane), lanes.submit(_second_lane)]:
            lane.result()
    MIGRATED.write_text(installed)


def _first_lane() -> None:
    keystone = [program("keystone-manage"), "--config-file", f"{ETC}/keystone.conf"]
    owner = ["--keystone-user", "root", "--keystone-group", "root"]
    run("migrate-keystone", *keystone, "db_sync")
    run("migrate-keystone", *keystone, "fernet_setup", *owner)
    run("migrate-keystone", *keystone, "credential_setup", *owner)
    endpoints = [word for kind in ("public", "internal", "admin") for word in (f"--bootstrap-{kind}-url", _keystone())]
    bootstrap = ["bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION, *endpoints]
    run("migrate-keystone", *keystone, *bootstrap)
    run("migrate-placement", program("placement-manage"), "--config-file", f"{ETC}/placement.conf", "db", "sync")
    run("migrate-glance", program("glance-manage"), "--config-file", f"{ETC}/glance-api.conf", "db_sync")
    run("migrate-neutron", program("neutron-db-manage"), "--config-file", f"{ETC}/neutron.conf", "upgrade", "heads")


def _second_lane() -> None:
    nova = [program("nova-manage"), "--config-file", f"{ETC}/nova/nova.conf"]
    run("migrate-nova", *nova, "api_db", "sync")
    run("migrate-nova", *nova, "cell_v2", "map_cell0", "--database_connection", database_url("nova_cell0"))
    run("migrate-nova", *nova, "db", "sync")
    cells = subprocess.run([*nova, "cell_v2", "list_cells"], capture_output=True, text=True, timeout=SECONDS)
    if "cell1" not in cells.stdout:
        run("migrate-nova", *nova, "cell_v2", "create_cell", "--name", "cell1")
    run("migrate-cinder", program("cinder-manage"), "--config-file", f"{ETC}/cinder.conf", "db", "sync")


def _keystone() -> str:
    return url(KEYSTONE_PORT, "/v3")


def _execute(client: list[str], statements: str) -> None:
    done = subprocess.run(client, input=statements, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise CloudError(f"MariaDB refused: {done.stderr.strip()}")


def _succeeds(client: list[str], statements: str) -> bool:
    return subprocess.run(client, input=statements, capture_output=True, text=True, timeout=SECONDS).returncode == 0
