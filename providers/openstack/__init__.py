"""A real OpenStack: novaclient for compute; openstacksdk for volumes, network and images, all on one session."""
