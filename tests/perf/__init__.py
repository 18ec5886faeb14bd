"""Benchmarks: ratios measured in one run beside the floor they are compared with. Not tests: nothing here fails a build."""
