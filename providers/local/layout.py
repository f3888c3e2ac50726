"""Where things lie in a server's directory, and by what a client reaches it."""

SERVERS = "servers"
RECORD = "server.json"
HOST_KEY = "host_key"
LOGIN_KEY = "authorized_key"

POWER_LOCK = "power.lock"
"""Held by the process that boots a server, until it has become the server's first."""

SUPERVISOR = "supervisor.json"
"""The supervisor's identity, written before it starts."""

READY = "ready.json"
"""The SSH server's identity, written by itself once it listens."""

ATTACHED = "attached"
"""The folder of its volumes."""

SSH_PORT = 2222
LOGIN = "durabase"
"""The name to log in with; whoever it is, commands run as the owner of the directory."""
