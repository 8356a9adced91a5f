"""Addresses that are taken, and those that are refused before anything is asked of them."""

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from es_jina.errors import RequestError
from es_jina.kibana.address import web_address
from es_jina.kibana.kibana_client import Kibana
from es_jina.kibana.saved_objects import server_address


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("http://h", "http://h"),
        ("HTTP://Host:1/", "http://Host:1"),
        ("https://h.example.:65535/base/path//", "https://h.example.:65535/base/path"),
        ("http://[::1]:5601/a%20b", "http://[::1]:5601/a%20b"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("https://bücher.example", "https://bücher.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://es_jina:8080", "http://es_jina:8080"),
    ],
)
def test_what_is_an_address(told: str, address: str) -> None:
    assert server_address(told) == address
    Kibana(told)


@pytest.mark.parametrize(
    "told",
    [
        *(
            "",
            "garbage",
            "host:5601",
            "ftp://h",
            "//h",
            "http://",
            "http:///x",
            "http:h",
            "http://:1",
        ),
        *(
            "http://h:0",
            "http://h:99999",
            "https://h:99999999",
            "http://h:x",
            "http://h:",
            "http://[",
        ),
        *(
            "http://h:5601\n",
            "http://h\t",
            " http://h",
            "http://h h",
            "http://h\u2028",
            "http://h\x00",
        ),
        *("http://a..b:5601", "http://.a", "http://-a", "http://" + "a" * 64),
        *("http://h?", "http://h?a=b", "http://h#", "http://h/{{x}}", "http://h/(a)", "http://h/ä"),
        *(
            'http://h"',
            "http://h'",
            "http://h/'",
            "https://host)](evil",
            "http://h\\a",
            "http://[::1",
        ),
        *("http://<h>", "http://h{", "http://%41", "http://[v1.a]", "http://[::1]a"),
    ],
)
def test_what_is_none(told: str) -> None:
    with pytest.raises(RequestError, match=r"such as https://search\.example\.org"):
        server_address(told)
    with pytest.raises(RequestError, match="such as https://host:5601") as caught:
        Kibana(told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("told", ["http://u:p@h", "http://h@", "http://u:p/a@h", "u:p@h"])
def test_no_user_is_taken_and_none_is_shown(told: str) -> None:
    with pytest.raises(RequestError, match="leave user and password out") as caught:
        server_address(told)
    assert told not in str(caught.value)


@pytest.mark.parametrize("told", ["http://xn--:5601", "http://xn--i28h.example"])
def test_a_host_that_decodes_to_none(told: str) -> None:
    with pytest.raises(RequestError, match="Kibana's address 'http://xn--"):
        Kibana(told)


@given(st.text(max_size=20), st.sampled_from(["", "http://", "https://h", "http://h:", "http://["]))
@example("\u3002", "http://")
@settings(max_examples=150)
def test_what_is_taken_can_be_asked(told: str, before: str) -> None:
    try:
        address = web_address(before + told, "it", "http://h")
        Kibana(before + told)
    except RequestError:
        return
    url = httpx.URL(f"{address}/route")
    assert url.path.endswith("/route")
    assert not set(address) & set("()<>{}`\"'\\ \n@?#")
    url.host.encode("idna")
