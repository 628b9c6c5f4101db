"""What the answers mean of sources that say yes or no, or that start something and wait for it.

Pure: facts in, readings out, the same for the adapters and the stand-in. Refuses to know how anything is
asked and what a verdict is.
"""
