"""What may be asked of PostgreSQL's parameters beyond type and range: those not open, and the forms of lists."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from datastores.postgresql import layout
from model.spec import Setting

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

OWN: Mapping[str, Setting] = {
    "allow_alter_system": "off",
    "bonjour": "off",
    "bonjour_name": "",
    "db_user_namespace": "off",
    "default_tablespace": "",
    "external_pid_file": "",
    "hot_standby": "on",
    "huge_page_size": 0,
    "local_preload_libraries": "",
    "log_destination": "stderr",
    "logging_collector": "off",
    "oauth_validator_libraries": "",
    "password_encryption": "scram-sha-256",
    "port": layout.PORT,
    "promote_trigger_file": "",
    "recovery_target": "",
    "recovery_target_action": "pause",
    "recovery_target_inclusive": "on",
    "recovery_target_lsn": "",
    "recovery_target_name": "",
    "recovery_target_time": "",
    "recovery_target_timeline": "latest",
    "recovery_target_xid": "",
    "restart_after_crash": "on",
    "ssl": "off",
    "temp_tablespaces": "",
    "unix_socket_directories": "",
}
"""What they are in every cluster, by durabase or by the server's default."""

CLOSED_CONTEXTS: Mapping[str, str] = {
    "internal": "it is fixed when the server is built or the cluster is initialised",
    "developer": "it is for PostgreSQL's own developers",
    "session": "it belongs to a transaction",
}
"""Contexts in parameters.tsv whose parameters a request may not set."""

CLOSED: Mapping[str, str] = {"ssl_.*": _CERTIFICATES}

MINIMUM: Mapping[str, Decimal] = {
    **dict.fromkeys(("max_wal_senders", "max_replication_slots", "max_connections"), Decimal(10)),
    **dict.fromkeys(("min_wal_size", "max_wal_size"), Decimal(32)),
}
"""Lower limits that replication and durabase's own connections need, or two segments of WAL."""

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

NEEDED: Mapping[str, tuple[int, int]] = {
    "idle_replication_slot_timeout": (0, 3600),
    "transaction_timeout": (0, 1000),
    "wal_receiver_timeout": (0, 1000),
    "wal_sender_timeout": (0, 1000),
}
"""As SPECIAL, but what replication and the time of a login need; the server takes less."""

SPECIAL: Mapping[str, tuple[int, int]] = {
    "io_max_concurrency": (-1, 1),
    "vacuum_buffer_usage_limit": (0, 128),
    **NEEDED,
}
"""Parameters with a special value, and the least of the others; nothing between is taken."""

REFUSED_VALUES: Mapping[str, tuple[str, ...]] = {"wal_level": ("minimal",), "huge_pages": ("on",)}
"""Choices that the server knows, but with which a member would not replicate or not start."""

OLD_NAMES: Mapping[str, str] = {
    "sort_mem": "work_mem",
    "ssl_ecdh_curve": "ssl_groups",
    "vacuum_mem": "maintenance_work_mem",
}
"""Names that the server still takes for others (map_old_guc_names)."""

_TRUTHS: Mapping[str, str] = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "debug2": {"debug": "debug2"},
    "logical": {"archive": "replica", "hot_standby": "replica"},
}
"""Words that the server takes where it has a choice, and what they stand for."""

_OFFSET = r"[+-]?(?:1?[0-9]|2[0-4])(?::[0-5][0-9]){0,2}"
_ZONE = rf"[+-]?[0-9]{{1,2}}(?:\.[0-9]{{1,4}})?|(?:[A-Za-z]{{3,10}}|<[A-Za-z0-9+-]{{3,10}}>){_OFFSET}"

OTHER_CHOICES: Mapping[str, str] = {
    **dict.fromkeys(("client_min_messages", "icu_validation_level"), "(?i:info)"),
    **dict.fromkeys(("lc_monetary", "lc_numeric", "lc_time"), r"|C\.(?:UTF-8|utf8)"),
    **dict.fromkeys(("log_timezone", "timezone"), _ZONE),
    "lc_messages": r"C\.(?:UTF-8|utf8)",
    "timezone_abbreviations": "",
}
"""Patterns of what the server takes beside the choices of its table: a locale of every Debian, hours from UTC …"""

_ENCODINGS: Mapping[str, str] = {
    "alt": "win866",
    "koi8": "koi8r",
    "unicode": "utf8",
    "win": "win1251",
    **dict.fromkeys(("abc", "tcvn", "tcvn5712", "vscii"), "win1258"),
    **dict.fromkeys(("mskanji", "shiftjis", "win932", "windows932"), "sjis"),
    **{f"iso8859{part}": f"latin{number}" for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), 1)},
    **{f"windows{page}": f"win{page}" for page in (866, 874, *range(1250, 1259))},
}


def synonym(text: str, choices: Sequence[str]) -> str:
    """Return the choice that another word of the server's stands for: it does not list those; else the text itself."""
    if {"on", "off"} & set(choices):
        return _TRUTHS.get(text.lower(), text)
    known = (words[text.lower()] for chosen, words in _SYNONYMS.items() if chosen in choices and text.lower() in words)
    return next(known, text)


def encoding(text: str, choices: Sequence[str]) -> str | None:
    """Return the encoding that a text names (pg_char_to_encoding): only its letters and digits count."""
    name = _letters(text)
    return next((each for each in choices if _letters(each) == _ENCODINGS.get(name, name)), None)


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isascii() and character.isalnum())


_SPACE = r"[ \t\n\v\f\r]*"
_COMMA = f"{_SPACE},{_SPACE}"
_NAME = r'(?:"(?:[^"]|"")*"|[^\s,"][^\s,]*)'
"""A name as SplitIdentifierString reads one."""

_STANDBY = r'(?:\*|(?!(?i:any|first)\b)[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*|"(?:[^"]|"")+"|[0-9]+)'
_COUNT = "(?:(?i:first|any) +)?0*[1-9][0-9]{0,8}"
_STANDBYS = rf"{_STANDBY}(?:{_COMMA}{_STANDBY})*"
_STYLE, _ORDER = r"(?:ISO|SQL|Postgres[^\s,]*|German)", r"(?:DMY|Euro[^\s,]*|MDY|US|NonEuro[^\s,]*|YMD)"

LIBRARIES = (
    *("auth_delay", "auto_explain", "basebackup_to_shell", "basic_archive", "passwordcheck"),
    *("pg_overexplain", "pg_prewarm", "pg_stat_statements", "vector"),
)
"""Libraries that a server may load, of the newest version."""

ABSENT: Mapping[str, tuple[str, ...]] = {"15": ("pg_overexplain", "vector")}
"""Those that an older version, or its Debian package, does not have."""


def _in_quotes_or_not(item: str) -> str:
    return f'(?:{item}|"{item}")'


def _list_of(item: str) -> str:
    return rf"{_SPACE}(?:{item}(?:{_COMMA}{item})*)?{_SPACE}"


_ASPECT = _in_quotes_or_not("(?:all|receipt|authentication|authorization|setup_durations)")
_NAMES = (_list_of(_NAME), "a list of names separated by commas")

FORMS: Mapping[str, tuple[str, str]] = {
    "createrole_self_grant": (_list_of("(?i:set|inherit)"), "a list of set and inherit"),
    "datestyle": (
        rf"{_SPACE}(?i:{_STYLE}(?:{_COMMA}{_ORDER})?|{_ORDER}(?:{_COMMA}{_STYLE})?|default)?{_SPACE}",
        "an output style (ISO, SQL, Postgres, German) and an order (DMY, MDY, YMD)",
    ),
    "log_connections": (
        rf"(?i:{_SPACE}(?:on|off|true|false|yes|no|1|0){_SPACE}|{_list_of(_ASPECT)})",
        "on, off, all, or a list of receipt, authentication, authorization, setup_durations",
    ),
    "restrict_nonsystem_relation_kind": (_list_of("(?i:view|foreign-table)"), "a list of view and foreign-table"),
    "search_path": _NAMES,
    "synchronized_standby_slots": (_list_of(_in_quotes_or_not("(?i:[a-z0-9_]{1,63})")), "a list of replication slots"),
    "synchronous_standby_names": (
        rf"{_SPACE}(?:{_COUNT}{_SPACE}\({_SPACE}{_STANDBYS}{_SPACE}\)|{_STANDBYS})?{_SPACE}",
        'such as "ANY 1 (*)", with members quoted: FIRST 1 ("orders-2", "orders-3")',
    ),
}
"""Texts whose form the server checks: a pattern for the whole text, and what completes "it must be …"."""


def forms(version: str) -> Mapping[str, tuple[str, str]]:
    """Return FORMS with those of the parameters that name libraries, which differ between versions."""
    known = [name for name in LIBRARIES if name not in ABSENT.get(version, ())]
    library, names = _in_quotes_or_not(rf"(?:\$libdir/)?(?:{'|'.join(known)})"), ", ".join(known)
    some = (_list_of(library), f"a list of libraries out of {names}, separated by commas")
    return {
        **FORMS,
        "archive_library": (rf"(?:{library})?", f"empty, or one of {names}"),
        "session_preload_libraries": some,
        "shared_preload_libraries": some,
    }
