"""What rows of benchmarks/ingest.py measure."""
