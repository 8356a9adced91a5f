"""Elasticsearch: client, templates, bulk, the embedded node."""
