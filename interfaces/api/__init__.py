"""The HTTP API: a router for each resource, models apart from the domain's structs."""
