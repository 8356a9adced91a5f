"""Whether the server is there, and whether it is ready."""

from dataclasses import dataclass


@dataclass(slots=True)
class Health:
    """How far the server has come.

    Attributes:
        ready: whether the model is loaded and has embedded something.
    """

    ready: bool = False

    @property
    def status(self) -> str:
        """In a word."""
        return "ready" if self.ready else "loading"
