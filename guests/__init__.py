"""The narrow interface to one server over SSH; a datastore manager sees nothing else of it."""
