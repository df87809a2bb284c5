"""The operator page: the map with everything that moves on it, and the orders beside it."""
