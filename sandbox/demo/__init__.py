"""The demo: whole rollouts on one machine, with the real app, real storage and the stand-in for Azure.

`python -m sandbox.demo --scenario NAME` runs one and exits 0 only if it ended as that scenario should.
"""
