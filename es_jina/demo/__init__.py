"""The demo: sample documents, a tiny checkpoint, three searches."""
