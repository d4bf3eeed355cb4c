"""What is taken for this machine: no more than what the HTTP library would go to."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.http.credentials import Credentials
from airflow_provider_bcs.http.loopback import is_loopback, is_loopback_url, read_endpoint
from airflow_provider_bcs.oss import ObjectStore

KEYS = Credentials("id", "secret")
PARTS = st.sampled_from(
    ["http:", "https:", "//", "/", "\\", "@", ":", "80", "127.0.0.1", "localhost", "[::1]", "::1", "example.com"]
    + ["#", "?", "%", "%25lo", ".", "[", "]", " ", "\t", "\n", "\r", "\0", "ü", "。", "user", "1"]
)


@given(st.lists(PARTS, max_size=9).map("".join))
@example("http://example.com\\@127.0.0.1/")
@example("http://example.com\t@127.0.0.1/")
@example("//http:[::1]")
def test_the_http_library_goes_to_the_same_host(url: str) -> None:
    # The library sends nothing to a URL that it cannot parse.
    with suppress(LocationParseError):
        assert not is_loopback_url(url) or is_loopback(parse_url(url).host or "")
    try:
        endpoint = read_endpoint(url)
        gone_to = parse_url(endpoint)
    except (ValueError, LocationParseError):
        return
    assert is_loopback_url(endpoint) == is_loopback(gone_to.host or "")
    assert gone_to.auth is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/x", "https://LOCALHOST", "//localhost:1", "http://[::1]:80", "http://127.5.5.5"]
)
def test_this_machine(url: str) -> None:
    assert is_loopback_url(url)


@pytest.mark.parametrize(
    "url",
    ["http://example.com\\@127.0.0.1/", "http://127.0.0.1.example.com", "http://10.0.0.1", "127.0.0.1", "", "http://["]
    + ["http://user@127.0.0.1", "http://127.0.0.1\n.example.com"],
)
def test_not_this_machine(url: str) -> None:
    assert not is_loopback_url(url)


@pytest.mark.parametrize(
    "endpoint",
    ["https://user:pass-word@host", "user:pass-word@host.example", "https://:pass-word@host", "http://x\\@127.0.0.1"],
)
def test_an_endpoint_has_no_password(endpoint: str) -> None:
    for build in (
        lambda: Client("r", "id", "secret", endpoint=endpoint if "://" in endpoint else f"https://{endpoint}"),
        lambda: ObjectStore("r", endpoint=endpoint, credentials=KEYS),
    ):
        with pytest.raises(ValueError, match="endpoint: found '@'; expected a URL without user and password") as error:
            build()
        assert "pass-word" not in str(error.value)


@pytest.mark.parametrize(
    "endpoint",
    ["ftp://host", "https://", "https://host/path", "https://host?x=1", "https://host#x", "https://a b", "http://ü"],
)
def test_an_endpoint_is_a_host(endpoint: str) -> None:
    for build in (
        lambda: Client("r", "id", "secret", endpoint=endpoint),
        lambda: ObjectStore("r", endpoint=endpoint, credentials=KEYS),
    ):
        with pytest.raises(ValueError, match="endpoint: found .*; expected a URL such as https://host"):
            build()


@pytest.mark.parametrize("region", ["evil.example/x?", "cn-x@evil", "cn#", "cn-x/../y"])
def test_a_region_leads_nowhere_else(region: str) -> None:
    with pytest.raises(ValueError, match="endpoint: found"):
        Client(region, "id", "secret")
