"""One side effect each on the cloud."""
