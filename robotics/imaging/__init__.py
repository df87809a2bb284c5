"""X-ray images of containers: their quality, their review against the declaration, pictures."""
