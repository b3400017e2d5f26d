"""Speed against what users would use instead: `python -m benchmarks.compare`."""
