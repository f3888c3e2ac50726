"""The nouns: frozen pydantic models, no I/O."""
