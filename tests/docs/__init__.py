"""The documents do what they say: each block is run, each generated page is current."""
