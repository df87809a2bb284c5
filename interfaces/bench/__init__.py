"""Measurements, each beside a bare baseline in the same run, since machines differ and are noisy."""
