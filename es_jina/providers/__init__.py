"""The providers: what turns inputs into embeddings."""
