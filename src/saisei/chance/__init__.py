"""Exact discrete distributions, quadrature and counter-based random streams."""
