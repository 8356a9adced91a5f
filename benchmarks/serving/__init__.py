"""The parts of `server.py` and `soak.py`."""
