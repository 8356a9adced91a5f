"""jina-embeddings-v4 in torch; imported by the local provider alone."""
