"""Pretend: virtual time, simulated controllers, arrivals, the independent checker, studies."""
