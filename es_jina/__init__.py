"""jina-embeddings-v4 in Elasticsearch: text, images and PDF pages in, hybrid search out."""
