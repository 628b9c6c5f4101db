"""The stand-in's one world: a seeded, clocked model of the Azure estate of one fleet."""

from sandbox.world.errors import ArmError, HostUnknown
from sandbox.world.model import World
from sandbox.world.settings import Family, Faults, OtherWriter, Outage, Timings

__all__ = ["ArmError", "Family", "Faults", "HostUnknown", "OtherWriter", "Outage", "Timings", "World"]
