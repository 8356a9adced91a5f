"""From files to documents in the index."""
