"""Benchmarks that anybody can rerun: `make bench`, or `make bench ONLY=name`. Nothing of the product imports this."""
