"""The parts of benchmarks/hosted.py."""
