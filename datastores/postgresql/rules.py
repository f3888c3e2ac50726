"""What may be asked of PostgreSQL's parameters beyond type and range: those not open, and the forms of lists."""

from collections.abc import Mapping
from decimal import Decimal

_IDENTITY = "durabase sets it for each member"
_FILES = "durabase decides where the server's files lie"
_STREAMING = "durabase sets up replication with it"
_TARGET = "a replica would stop replicating at the target"
_CERTIFICATES = "durabase sets up no certificates yet"
_LOG = "the server's log goes to the log of its service"

RESERVED: Mapping[str, str] = {
    "allow_alter_system": "the configuration is durabase's: a server's own changes would be lost with it",
    "bonjour": "the server is found by its address only",
    "bonjour_name": "the server is found by its address only",
    "cluster_name": _IDENTITY,
    "config_file": _FILES,
    "data_directory": _FILES,
    "db_user_namespace": "users would have other names",
    "default_tablespace": "a new cluster has no tablespaces",
    "dynamic_library_path": "replication loads a library by it",
    "extension_destdir": _FILES,
    "external_pid_file": _FILES,
    "hba_file": _FILES,
    "hot_standby": "replicas answer reads",
    "huge_page_size": "it depends on the server's kernel",
    "ident_file": _FILES,
    "krb_server_keyfile": _CERTIFICATES,
    "listen_addresses": _IDENTITY,
    "local_preload_libraries": "there is no plugins directory",
    "log_destination": _LOG,
    "logging_collector": _LOG,
    "oauth_validator_libraries": "users log in with passwords",
    "password_encryption": "passwords are kept as SCRAM verifiers only",
    "port": _IDENTITY,
    "primary_conninfo": _STREAMING,
    "primary_slot_name": _STREAMING,
    "promote_trigger_file": "a replica would stop replicating",
    "recovery_target": _TARGET,
    "recovery_target_action": _TARGET,
    "recovery_target_inclusive": _TARGET,
    "recovery_target_lsn": _TARGET,
    "recovery_target_name": _TARGET,
    "recovery_target_time": _TARGET,
    "recovery_target_timeline": _TARGET,
    "recovery_target_xid": _TARGET,
    "restart_after_crash": "a crashed server comes back by itself",
    "ssl": _CERTIFICATES,
    "temp_tablespaces": "a new cluster has no tablespaces",
    "unix_socket_directories": "the server listens on its address only",
    "unix_socket_group": "the server listens on its address only",
    "unix_socket_permissions": "the server listens on its address only",
}
"""Parameters that a request may not set, each with its reason."""

CLOSED_CONTEXTS: Mapping[str, str] = {
    "internal": "it is fixed when the server is built or the cluster is initialised",
    "developer": "it is for PostgreSQL's own developers",
    "session": "it belongs to a transaction",
}
"""Contexts in parameters.tsv whose parameters a request may not set."""

CLOSED: Mapping[str, str] = {"ssl_.*": _CERTIFICATES}

MINIMUM: Mapping[str, Decimal] = {
    name: Decimal(10) for name in ("max_wal_senders", "max_replication_slots", "max_connections")
}
"""Lower limits that replication and durabase's own connections need; the server's own are lower."""

MAXIMUM: Mapping[str, Decimal] = {"max_stack_depth": Decimal(7168)}
"""Upper limits: the stack is limited to 8 MiB (8192 kB) on common systems, and the server refuses more."""

MULTIPLE: Mapping[str, int] = {
    f"{name}_buffers": 16
    for name in (
        *("commit_timestamp", "multixact_member", "multixact_offset", "notify"),
        *("serializable", "subtransaction", "transaction"),
    )
}
"""Buffer counts that the server takes only in multiples (check_slru_buffers)."""

SPECIAL: Mapping[str, tuple[int, int]] = {"io_max_concurrency": (-1, 1), "vacuum_buffer_usage_limit": (0, 128)}
"""Parameters with a special value, and the least of the others; the server takes nothing between."""

REFUSED_VALUES: Mapping[str, tuple[str, ...]] = {"wal_level": ("minimal",), "huge_pages": ("on",)}
"""Choices that the server knows, but with which a member would not replicate or not start."""

_NAME = r'(?:[A-Za-z_][A-Za-z0-9_$]{0,62}|"(?:[^"]|""){1,63}")'
_STANDBY = rf"(?:\*|(?!(?i:any|first)\b){_NAME})"
_STANDBYS = rf"{_STANDBY}(?: *, *{_STANDBY})*"

LIBRARIES = (
    *("auth_delay", "auto_explain", "basebackup_to_shell", "basic_archive", "passwordcheck"),
    *("pg_overexplain", "pg_prewarm", "pg_stat_statements", "vector"),
)
"""Libraries that a server may load, of the newest version."""

ABSENT: Mapping[str, tuple[str, ...]] = {"15": ("pg_overexplain", "vector")}
"""Those that an older version, or its Debian package, does not have."""


def _list_of(item: str) -> str:
    return rf"(?:{item}(?: *, *{item})*)?"


_NAMES = (_list_of(_NAME), "a list of names separated by commas")

FORMS: Mapping[str, tuple[str, str]] = {
    "createrole_self_grant": (_list_of("(?:set|inherit)"), "a list of set and inherit"),
    "datestyle": (
        r"(?i:(?:ISO|SQL|Postgres|German)(?: *, *(?:DMY|MDY|YMD))?|DMY|MDY|YMD)",
        "an output style (ISO, SQL, Postgres, German) and an order (DMY, MDY, YMD)",
    ),
    "log_connections": (
        rf"(?i:on|off|all|{_list_of('(?:receipt|authentication|authorization|setup_durations)')})",
        "on, off, all, or a list of receipt, authentication, authorization, setup_durations",
    ),
    "output_plugin_libraries": _NAMES,
    "restrict_nonsystem_relation_kind": (_list_of("(?:view|foreign-table)"), "a list of view and foreign-table"),
    "search_path": _NAMES,
    "synchronized_standby_slots": (_list_of(r"[a-z0-9_]{1,63}"), "a list of replication slots"),
    "synchronous_standby_names": (
        rf"(?:(?:(?i:first|any) +)?[1-9][0-9]{{0,2}} *\( *{_STANDBYS} *\)|{_STANDBYS})?",
        'such as "ANY 1 (*)", with members quoted: FIRST 1 ("orders-2", "orders-3")',
    ),
}
"""Texts whose form the server checks: a pattern for the whole text, and what completes "it must be …"."""


def forms(version: str) -> Mapping[str, tuple[str, str]]:
    """Return FORMS with those of the parameters that name libraries, which differ between versions."""
    known = [name for name in LIBRARIES if name not in ABSENT.get(version, ())]
    library, names = f"(?:{'|'.join(known)})", ", ".join(known)
    some = (_list_of(library), f"a list of libraries out of {names}, separated by commas")
    return {
        **FORMS,
        "archive_library": (rf"(?:{library})?", f"empty, or one of {names}"),
        "session_preload_libraries": some,
        "shared_preload_libraries": some,
    }
