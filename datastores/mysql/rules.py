"""What may be asked of MariaDB's parameters beyond type and range: those not open, and the forms of texts."""

from collections.abc import Mapping
from decimal import Decimal

from datastores.mysql import layout
from model.spec import Setting

CHARACTER_SET = "utf8mb4"
"""The server's, and so every database's, unless a request overrides it."""

_IDENTITY = "durabase sets it for each member"
_FILES = "durabase decides where the server's files lie"
_REPLICATION = "durabase sets up replication with it"
_ENCRYPTION = "durabase sets up no certificates and encryption keys yet"
_INITIALISED = "it is fixed when the data directory is initialised"
_USERS = "users log in with passwords that MariaDB checks"
_LOG = "the server's log goes to the log of its service"
_MOMENT = "it is an order of the moment, not a setting"
_DAMAGED = "it is for data that is damaged"

RESERVED: Mapping[str, str] = {
    "aria_block_size": _INITIALISED,
    "auto_increment_increment": "there is one primary",
    "auto_increment_offset": "there is one primary",
    "core_file": _LOG,
    "debug_no_thread_alarm": "it is for MariaDB's own developers",
    "disconnect_on_expired_password": _USERS,
    "encrypt_binlog": _ENCRYPTION,
    "expire_logs_days": "it is the old name of binlog_expire_logs_seconds",
    "extra_max_connections": "the server listens on one port",
    "extra_port": "the server listens on one port",
    "gtid_domain_id": _IDENTITY,
    "gtid_ignore_duplicates": _REPLICATION,
    "gtid_strict_mode": _REPLICATION,
    "ignore_builtin_innodb": "tables and positions are kept by InnoDB",
    "innodb_buffer_pool_dump_now": _MOMENT,
    "innodb_buffer_pool_load_abort": _MOMENT,
    "innodb_buffer_pool_load_now": _MOMENT,
    "innodb_fast_shutdown": _MOMENT,
    "innodb_force_recovery": _DAMAGED,
    "innodb_log_checkpoint_now": _MOMENT,
    "innodb_max_purge_lag_wait": _MOMENT,
    "innodb_page_size": _INITIALISED,
    "innodb_read_only": _DAMAGED,
    "innodb_undo_tablespaces": _INITIALISED,
    "keep_files_on_create": _FILES,
    "large_pages": "it depends on the server's kernel",
    "log_bin_compress": _REPLICATION,
    "log_error": _LOG,
    "log_slave_updates": _REPLICATION,
    "lower_case_table_names": _INITIALISED,
    "old_passwords": _USERS,
    "plugin_maturity": "the server loads no plugins",
    "port": _IDENTITY,
    "read_only": "replicas are read only, and the primary is not",
    "relay_log_purge": _REPLICATION,
    "relay_log_recovery": _REPLICATION,
    "require_secure_transport": _ENCRYPTION,
    "rpl_semi_sync_master_wait_no_slave": "a primary without connected replicas waits for none",
    "rpl_semi_sync_slave_enabled": "replicas always acknowledge",
    "secure_auth": _USERS,
    "server_id": _IDENTITY,
    "skip_grant_tables": _USERS,
    "skip_name_resolve": "users log in from every address",
    "skip_networking": "the server listens on its address",
    "slave_exec_mode": "a replica must not leave out what it cannot apply",
    "slave_net_timeout": _REPLICATION,
    "slave_run_triggers_for_rbr": _REPLICATION,
    "sql_select_limit": "a replica's copy would lack what is beyond it",
    "strict_password_validation": _USERS,
}
"""Parameters that a request may not set, each with its reason."""

OWN: Mapping[str, Setting] = {
    "gtid_strict_mode": "on",
    "innodb_force_recovery": 0,
    "innodb_page_size": 16384,
    "innodb_read_only": "off",
    "log_bin_compress": "off",
    "log_slave_updates": "on",
    "lower_case_table_names": 0,
    "port": layout.PORT,
    "relay_log_purge": "on",
    "relay_log_recovery": "on",
    "require_secure_transport": "off",
    "rpl_semi_sync_master_wait_no_slave": "off",
    "rpl_semi_sync_slave_enabled": "on",
    "skip_name_resolve": "on",
    "skip_networking": "off",
    "slave_exec_mode": "STRICT",
    "slave_net_timeout": 15,
    "wsrep_on": "off",
}
"""What they are in every cluster, by durabase or by the server's default."""

SYNONYMS: Mapping[tuple[str, str], str] = {("character_set_server", "utf8"): "utf8mb3"}
"""Other words for choices, by parameter."""

BY_NAME = ("character_set_server", "collation_server", "default_storage_engine")
"""Whose choices have neither numbers nor short forms."""

CLOSED: Mapping[str, str] = {
    ".*_(dir|directory|home_dir|file|files|file_path|dir_path|filename)": _FILES,
    "(base|data|tmp)dir|innodb_tmpdir|pid_file|plugin_dir|socket|secure_file_priv": _FILES,
    "aria_encrypt_tables|innodb_.*encrypt.*|encrypt_.*": _ENCRYPTION,
    "aria_force_.*": _DAMAGED,
    "bind_address|report_.*|hostname": _IDENTITY,
    "init_slave|replicate_.*|slave_skip_errors|slave_transaction_retry_errors|relay_log.*": _REPLICATION,
    "ssl_.*|tls_.*": _ENCRYPTION,
    "innodb_defragment.*|innodb_monitor_.*|rpl_.*_trace_level": "it is for MariaDB's own developers",
    "wsrep_.*": "the members are one primary and its replicas, not a Galera cluster",
}
"""Patterns of names that a request may not set."""

MINIMUM: Mapping[str, Decimal] = {
    "binlog_expire_logs_seconds": Decimal(86400),
    "max_allowed_packet": Decimal(2**20),
    "max_connections": Decimal(20),
    "max_session_mem_used": Decimal(2**20),
    "slave_max_allowed_packet": Decimal(2**20),
}
"""Lower limits that replication and durabase's own connections need: a joining replica needs the binary log of a day.

With the server's own limits of `max_session_mem_used` it crashes at its start (10.11.19).
"""

MAXIMUM: Mapping[str, Decimal] = {
    "innodb_buffer_pool_size": Decimal(2**44),
    "max_connections": Decimal(10_000),
    "max_session_mem_used": Decimal(2**62),
    "rpl_semi_sync_master_timeout": Decimal(3_600_000),
}
"""Upper limits: what a server can hold, and an hour."""

REFUSED_VALUES: Mapping[str, tuple[str, ...]] = {
    "binlog_format": ("STATEMENT",),
    "default_storage_engine": ("CSV", "MRG_MyISAM", "PERFORMANCE_SCHEMA", "SEQUENCE"),
    "thread_handling": ("no-threads",),
}
"""Choices that the server knows, but with which replicas would differ, or no table or session could be made."""

FORMS: Mapping[str, tuple[str, str]] = {
    "default_time_zone": (
        r"(?i:SYSTEM)|[+-](?:0?[0-9]|1[0-3]):[0-5][0-9]|\+14:00",
        "SYSTEM, or a distance from UTC from -12:59 to +14:00",
    ),
    "init_connect": (".*", ""),
}
"""Texts that are open: a pattern for the whole text, and what completes "it must be …"."""
