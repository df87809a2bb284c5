"""Scenarios for testers: what is ordered, what goes wrong when, and what must come of it."""
