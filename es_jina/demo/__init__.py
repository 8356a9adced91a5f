"""The demo: sample documents, a trained toy checkpoint, searches, the search page."""
