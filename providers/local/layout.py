"""Where things lie in a server's directory, and by what a client reaches it."""

RECORD = "server.json"
HOST_KEY = "host_key"
LOGIN_KEY = "authorized_key"

POWER_LOCK = "power.lock"
"""Held while a server is booted or removed; always taken before the lock of the state directory."""

SUPERVISOR = "supervisor.json"
"""The supervisor's identity, written before it starts."""

READY = "ready.json"
"""The SSH server's identity, written by itself once it listens."""

ATTACHED = "attached"
"""The folder of its volumes."""

SSH_PORT = 2222
LOGIN = "durabase"
"""The name to log in with; whoever it is, commands run as the owner of the directory."""
