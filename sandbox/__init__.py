"""The stand-in: what Azure would be, on one machine."""
