"""The model behind HTTP: one queue, several wire formats."""
