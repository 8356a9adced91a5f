import pytest

from es_jina.errors import ItemError
from es_jina.ingest.hosts import Hosts


def test_a_host_that_takes_no_connection_is_given_up_at_once() -> None:
    hosts = Hosts()
    hosts.check("a:80")
    hosts.unreachable("a:80", "refused", connected=False)
    hosts.check("a:81")
    with pytest.raises(ItemError, match=r"^refused$"):
        hosts.check("a:80")


def test_a_host_that_falls_silent_is_given_up_after_two_files_in_a_row() -> None:
    hosts = Hosts()
    hosts.unreachable("a", "silent", connected=True)
    hosts.answered("a")
    hosts.unreachable("a", "silent", connected=True)
    hosts.check("a")
    hosts.unreachable("a", "still silent", connected=True)
    with pytest.raises(ItemError, match=r"^still silent$"):
        hosts.check("a")
