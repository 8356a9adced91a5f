import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.cli.connection import Level, resolve
from es_jina.errors import RequestError

KEY = {"api_key": "key"}
BASIC = {"username": "alice", "password": "wonder"}


def resolved(
    flags: dict[str, str],
    environment: dict[str, str] | None = None,
    file: dict[str, str] | None = None,
) -> dict[str, str]:
    return resolve(
        Level("the command line", flags),
        Level("the environment", environment or {}),
        Level("the file", file or {}),
    )


def test_the_strongest_place_names_the_address() -> None:
    one, two, three = {"url": "http://a:1"}, {"cloud_id": "x"}, {"url": "http://b:1"}
    assert resolved(one, two, three) == one
    assert resolved({}, two, three) == two
    assert resolved({}, {}, three) == three
    assert resolved({}) == {}


def test_the_strongest_place_says_how_to_sign_in() -> None:
    file = {"url": "http://a:1", **BASIC, "ca_certs": "/ca"}
    assert resolved(KEY, {}, file) == {"url": "http://a:1", "ca_certs": "/ca", **KEY}
    assert resolved(BASIC, KEY) == BASIC
    assert resolved({}, KEY, {"url": "http://a:1"}) == {"url": "http://a:1", **KEY}


def test_a_password_is_that_of_the_user() -> None:
    url = {"url": "http://a:1"}
    bob = {"username": "bob"}
    assert resolved(bob, {"password": "x"}) == {**bob, "password": "x"}
    assert resolved({}, {"password": "x"}, {**url, **bob}) == {**url, **bob, "password": "x"}
    # Not with what the file says of somebody else.
    with pytest.raises(RequestError, match="give the password as well, with --password or in ES_"):
        resolved(bob, {}, {**url, **BASIC})
    with pytest.raises(RequestError, match="give the username as well"):
        resolved({"password": "x"})


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://a:1", "cloud_id": "x"},
        {**KEY, "username": "alice"},
        {**KEY, "password": "x"},
        {**KEY, "url": "http://alice:x@a:1"},
    ],
)
def test_what_excludes_each_other_in_one_place(options: dict[str, str]) -> None:
    with pytest.raises(RequestError, match=r"the environment gives both \w+ and \w+: leave"):
        resolved({}, options)


def test_a_user_in_the_url() -> None:
    found = resolved({"url": "https://al%40x:p%2Fw@a:1/path@x"}, KEY)
    assert found == {"url": "https://a:1/path@x", "username": "al@x", "password": "p/w"}


SAME = [
    "https://host",
    "https://host/",
    "https://HOST:443",
    "https://alice:wonder@host",
]
OTHER = [
    "http://host:443",
    "https://host:9200",
    "https://host.evil.org",
    "https://host/path",
    "https://host@evil.org",
    "https://host:443@evil.org",
    "https://[host",
    "host",
]


@pytest.mark.parametrize("url", SAME)
def test_the_same_address_written_in_another_way(url: str) -> None:
    file = {"url": "https://host", "api_key": "secret"}
    found = resolved({}, {"url": url}, file)
    assert found.get("api_key") == (None if "@" in url else "secret")
    assert "@" not in found["url"]


@given(
    address=st.sampled_from([{"url": url} for url in OTHER] + [{"cloud_id": "x"}]),
    user=st.sampled_from([{}, KEY, {"username": "alice", "password": "hers"}]),
    by_flag=st.booleans(),
)
def test_nothing_of_the_file_goes_to_another_cluster(
    address: dict[str, str], user: dict[str, str], by_flag: bool
) -> None:
    if "@" in address.get("url", ""):
        user = {}
    file = {"url": "https://host", "username": "alice", "password": "secret", "ca_certs": "/ca"}
    found = resolved(*((address, user) if by_flag else (user, address)), file)
    assert "secret" not in found.values()
    assert "ca_certs" not in found
    assert user.items() <= found.items()


def test_a_user_alone_gets_no_password_of_another_cluster() -> None:
    file = {"url": "https://host", **BASIC}
    with pytest.raises(RequestError, match="give the password"):
        resolved({"url": "https://other", "username": "alice"}, {}, file)
