"""What the benchmarks measure ours against."""
