"""What every client, worker and replayer shares: converter, codec, plugin, interceptor, connection."""
