"""Seeds that once broke an invariant. They run first, for ever; what they found is in docs/guarantees.md.

A seed means something else once its scenario is drawn differently, so each is a reminder and not a proof: the
proof of a fix is a test in `tests/engine` or `tests/stages`.
"""

BROKE: tuple[int, ...] = (
    1,
    5,
    16,
    115,
    172,
    423,
    488,
    532,
    557,
    650,
    821,
    1927,
    2022,
    2359,
    2396,
    136,
    250,
    4140,
    4271,
    53776,
    60624,
    1760,
    1818,
    7153,
    3219,
    82,
    2397,
    8459,
    1031,
    1249,
    2053,
    11192,
    25200,
    33917,
    32878,
)
