"""The exchange between the gates of the two sides: signed letters, durable, in order."""
