"""How a rollout looks in a terminal: the board that `rollout show` and the demo share, and its plain form.

Everything here is a pure function of a `Scene`. Colours have one meaning each: blue is the blue slot, green
is the green slot, yellow waits for somebody, red went wrong; all else is bright now and dim otherwise.
"""
