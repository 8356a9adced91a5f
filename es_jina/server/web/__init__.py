"""The search page: its files, and the routes that it asks."""
