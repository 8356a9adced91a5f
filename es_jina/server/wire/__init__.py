"""Wire formats: what clients send, read into what the service takes, and its answers."""
