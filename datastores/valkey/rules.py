"""What may be asked of Valkey's parameters beyond type and range: those not open, and the forms of texts."""

from collections.abc import Mapping

from datastores.valkey import layout
from model.spec import Setting

_IDENTITY = "durabase sets it for each member"
_FILES = "durabase decides where the server's files lie"
_REPLICATION = "durabase sets up replication with it"
_USERS = "users and their passwords are those of the request"
_SERVICE = "the server is run as a service"
_HOST = "it is the server's host that decides it"
_LOG = "the server's log goes to the log of its service"
_SHARDS = "the members are one primary and its replicas, not a cluster of shards"
_DURABLE = "every member keeps its data by an append-only file and comes back with it"

RESERVED: Mapping[str, str] = {
    "aclfile": _FILES,
    "activedefrag": "this version's build has no allocator that can do it",
    "always-show-logo": _LOG,
    "aof-load-truncated": _DURABLE,
    "appenddirname": _FILES,
    "appendfilename": _FILES,
    "appendonly": _DURABLE,
    "bind": _IDENTITY,
    "bind-source-addr": _IDENTITY,
    "daemonize": _SERVICE,
    "dbfilename": _FILES,
    "dir": _FILES,
    "enable-debug-command": "it opens the server to its users",
    "enable-module-command": "it opens the server to its users",
    "enable-protected-configs": "it opens the server to its users",
    "import-mode": "it is for the time of an import, and stops keys from expiring",
    "logfile": _LOG,
    "masterauth": _REPLICATION,
    "masteruser": _REPLICATION,
    "mptcp": _HOST,
    "oom-score-adj": _HOST,
    "oom-score-adj-values": _HOST,
    "pidfile": _SERVICE,
    "port": _IDENTITY,
    "primaryauth": _REPLICATION,
    "primaryuser": _REPLICATION,
    "proc-title-template": _SERVICE,
    "protected-mode": "users log in with passwords",
    "repl-mptcp": _HOST,
    "replica-announce-ip": _IDENTITY,
    "replica-announce-port": _IDENTITY,
    "replica-announced": _IDENTITY,
    "replica-read-only": _REPLICATION,
    "replicaof": _REPLICATION,
    "requirepass": _USERS,
    "set-proc-title": _SERVICE,
    "shutdown-on-sigint": _SERVICE,
    "shutdown-on-sigterm": _SERVICE,
    "socket-mark-id": _HOST,
    "supervised": _SERVICE,
}
"""Parameters that a request may not set, each with its reason."""

OWN: Mapping[str, Setting] = {
    "activedefrag": "no",
    "aof-load-truncated": "yes",
    "appenddirname": "appendonlydir",
    "appendfilename": "appendonly.aof",
    "appendonly": "yes",
    "cluster-enabled": "no",
    "daemonize": "no",
    "dbfilename": "dump.rdb",
    "enable-debug-command": "no",
    "enable-module-command": "no",
    "enable-protected-configs": "no",
    "import-mode": "no",
    "logfile": "",
    "mptcp": "no",
    "oom-score-adj": "no",
    "port": layout.PORT,
    "protected-mode": "yes",
    "repl-mptcp": "no",
    "replica-announced": "yes",
    "replica-read-only": "yes",
    "shutdown-on-sigint": "default",
    "shutdown-on-sigterm": "default",
    "socket-mark-id": 0,
    "supervised": "no",
    "syslog-enabled": "no",
    "tls-port": 0,
    "tls-replication": "no",
}
"""What they are in every cluster, by durabase or by the server's default."""

OLD_WORDS: Mapping[str, str] = {
    "slaveof": "replicaof",
    "slaves": "replicas",
    "slave": "replica",
    "masterauth": "primaryauth",
    "masteruser": "primaryuser",
    "ziplist": "listpack",
    "lua-time-limit": "busy-reply-threshold",
    "slowlog-log-slower-than": "commandlog-execution-slower-than",
    "slowlog-max-len": "commandlog-slow-execution-max-len",
}
"""What old names have in place of the newer ones; the server takes both, where it has both."""

CLOSED: Mapping[str, str] = {
    ".*[_-]cpulist": _HOST,
    "cluster-.*": _SHARDS,
    "rdma-.*": _HOST,
    "slot-migration-.*": _SHARDS,
    "syslog-.*": _LOG,
    "tls-.*": "durabase sets up no certificates yet",
    "unixsocket.*": "the server listens on its address only",
}
"""Patterns of names that a request may not set."""

MINIMUM: Mapping[str, int] = {"maxclients": 32}
"""Lower limits that replication and durabase's own connections need; the server's own are lower."""

MAXIMUM: Mapping[str, int] = {"databases": 65536, "maxclients": 1_000_000, "shutdown-timeout": 100}
"""Upper limits: what a server can hold, and less than the time after which its service is killed."""

_MEMORY = r"[0-9]{1,10}(?i:[kmg]b?|b)?"
_LIMIT = rf"(?i:normal|replica|slave|pubsub) {_MEMORY} {_MEMORY} (?:0|[1-9][0-9]{{0,8}})"
_POINT = "[1-9][0-9]{0,8} (?:0|[1-9][0-9]{0,8})"
_SMALL = r"[0-9](?:\.[0-9]{0,9})?[eE](?:\+?0?[01]|-[0-9]{1,2})"
_PERCENTILE = rf"\+?0*(?:100(?:\.0{{0,9}})?|[0-9]{{1,2}}(?:\.[0-9]{{0,9}})?|\.[0-9]{{1,9}}|{_SMALL})"

FORMS: Mapping[str, tuple[str, str]] = {
    "client-output-buffer-limit": (
        rf"{_LIMIT}(?: {_LIMIT})*",
        "a class (normal, replica, pubsub), its hard and soft limit and the soft limit's seconds: pubsub 32mb 8mb 60",
    ),
    "latency-tracking-info-percentiles": (
        rf"(?:{_PERCENTILE}(?: {_PERCENTILE})*)?",
        "a list of percentiles from 0 to 100 separated by spaces",
    ),
    "locale-collate": (r"(?:C|POSIX|C\.UTF-8)?", "C, POSIX or C.UTF-8"),
    "notify-keyspace-events": ("[Ag$lshzxeKEtmdn]*", "letters out of Ag$lshzxeKEtmdn"),
    "save": (rf"(?:{_POINT}(?: {_POINT})*)?", "a list of seconds and changes separated by spaces, or empty"),
}
"""Texts whose form the server checks: a pattern for the whole text, and what completes "it must be …"."""
