"""The embedded cloud: servers and volumes are directories of this host, reachable by real SSH."""
