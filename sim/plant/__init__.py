"""The plant: simulated robot controllers, machines like those they answer to."""
