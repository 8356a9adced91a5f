"""What has been learned of hosts: one that does not answer is not asked for ever."""

from es_jina.errors import ItemError

# One file without an answer may be that file's fault, and those of its host behind it are still to
# be had; of two in a row the host is.
_ENOUGH = 2


class Hosts:
    """The hosts that could not be reached, for one pass over files from the web."""

    def __init__(self) -> None:
        self._silent: dict[str, int] = {}
        self._reasons: dict[str, str] = {}

    def check(self, host: str) -> None:
        """Refuse a host that has been given up.

        Raises:
            ItemError: it has been, with the reason.
        """
        if self._silent.get(host, 0) >= _ENOUGH:
            raise ItemError(self._reasons[host])

    def unreachable(self, host: str, reason: str, *, connected: bool) -> None:
        """Note that a host could not be reached in all tries of one file.

        Args:
            host: with its port.
            reason: for people.
            connected: whether it took the connection, and then fell silent.
        """
        self._silent[host] = self._silent.get(host, 0) + 1 if connected else _ENOUGH
        self._reasons[host] = reason

    def answered(self, host: str) -> None:
        """Note that a host has answered, whatever it said."""
        self._silent.pop(host, None)
