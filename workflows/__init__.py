"""What happens in which order: pure decisions, no I/O."""
