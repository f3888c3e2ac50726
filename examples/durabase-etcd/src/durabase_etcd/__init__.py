"""The engine etcd for durabase: one, three or five members that agree by Raft."""
