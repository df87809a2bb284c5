"""Measurements beside bare baselines of the same run, since machines differ and are noisy."""
