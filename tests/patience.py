"""How long a test waits for what must come about."""

PATIENCE = 240
"""Seconds that any one wait may take; it ends with its condition, and fails only where a busy machine is no excuse."""
