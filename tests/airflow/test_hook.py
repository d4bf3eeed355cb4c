"""From a connection to a client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing

import pytest
from airflow.providers.common.compat.sdk import Connection

from airflow_provider_bcs.exceptions import ConnectionSettingsError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.connection import read_connection
from airflow_provider_bcs.http.credentials import Credentials
from tests.child import LIMIT


def read(service="batchcompute", region=None, extra=None, conn_type="bcs", **fields):
    connection = Connection(conn_id="c", conn_type=conn_type, extra=json.dumps(extra or {}), **fields)
    return read_connection(connection, service, region)


KEYS = {"login": "id", "password": "secret"}


@pytest.mark.parametrize(
    ("settings", "region", "endpoint"),
    [
        ({"extra": {"region": "cn-shanghai"}}, "cn-shanghai", None),
        ({"extra": {"region": "cn-shanghai"}, "region": "cn-beijing"}, "cn-beijing", None),
        ({"host": "127.0.0.1", "port": 8642}, "local", "http://127.0.0.1:8642"),
        ({"host": "localhost"}, "local", "http://localhost"),
        ({"host": "http://127.0.0.1:8642/"}, "local", "http://127.0.0.1:8642"),
        ({"host": "bc.example.com"}, "local", "https://bc.example.com"),
        ({"host": "bc.example.com", "schema": "http", "port": 80}, "local", "http://bc.example.com:80"),
        ({"extra": {"batchcompute_endpoint": "https://b"}, "host": "x"}, "local", "https://b"),
        ({"extra": {"batchcompute_endpoint": "b.example.com"}}, "local", "https://b.example.com"),
        ({"extra": {"dlc_endpoint": "https://d", "region": "r"}}, "r", None),
        ({"extra": {"dlc_endpoint": "https://d", "region": "r"}, "service": "dlc"}, "r", "https://d"),
        # The form shows schema as Region.
        ({"schema": "cn-shanghai"}, "cn-shanghai", None),
        ({"schema": " cn-shanghai", "extra": {"region": "cn-shanghai"}}, "cn-shanghai", None),
        ({"schema": "HTTP", "host": "bc.example.com", "extra": {"region": "r"}}, "r", "http://bc.example.com"),
        ({"schema": "cn-shanghai", "host": "bc.example.com"}, "cn-shanghai", "https://bc.example.com"),
        ({"schema": "cn-shanghai", "port": 443}, "cn-shanghai", None),
        ({"host": "http://127.0.0.1:8642", "port": 8642}, "local", "http://127.0.0.1:8642"),
        ({"host": "127.0.0.1:8642", "port": 8642}, "local", "http://127.0.0.1:8642"),
    ],
)
def test_region_and_endpoint(settings, region, endpoint):
    found = read(**KEYS, **settings)
    assert (found.region, found.endpoint) == (region, endpoint)


def test_keys():
    assert read(**KEYS, extra={"region": "r"}).credentials() == Credentials("id", "secret")
    extra = {"region": "r", "security_token": "sts"}
    assert read(**KEYS, extra=extra).credentials() == Credentials("id", "secret", "sts")
    assert "secret" not in repr(read(**KEYS, extra=extra).credentials())


def test_a_connection_of_the_alibaba_provider():
    extra = {"auth_type": "AK", "access_key_id": "id", "access_key_secret": "secret", "region": "cn-hangzhou"}
    found = read(conn_type="alibaba_cloud", extra=extra)
    assert found.credentials() == Credentials("id", "secret")
    assert found.region == "cn-hangzhou"


def chain(home, **environment):
    """Ask the chain in a process of its own: the vendor's library reads the environment when it is imported."""
    program = (
        "from tests.airflow.test_hook import read\n"
        "keys = read(extra={'region': 'r'}).credentials()\n"
        "print(keys.access_key_id, keys.access_key_secret, keys.security_token)"
    )
    kept = {name: os.environ[name] for name in ("PATH", "AIRFLOW_HOME")}
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "HOME": str(home), "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def test_the_default_credential_chain(tmp_path):
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "chain-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "chain-secret"}
    assert chain(tmp_path, **keys).stdout.endswith("chain-id chain-secret None\n")
    found = chain(tmp_path, **keys, ALIBABA_CLOUD_SECURITY_TOKEN="chain-token")
    assert found.stdout.endswith("chain-id chain-secret chain-token\n")


def test_an_empty_credential_chain_says_so(tmp_path):
    found = chain(tmp_path)
    assert found.returncode == 1
    assert "MissingCredentialsError: AccessKey: found none in the connection (login and password)" in found.stderr


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (KEYS, "^Region: found none; expected a region in the field Region"),
        ({**KEYS, "schema": "https"}, "^Region: found none"),
        ({**KEYS, "schema": "cn-a", "extra": {"region": "cn-b"}}, "^Region: found 'cn-a' in .* and 'cn-b' in extra"),
        ({**KEYS, "host": "http://127.0.0.1:8642", "port": 443}, "^Port: found 8642 in Host and 443 in Port"),
        ({**KEYS, "extra": ["cn-a"]}, "^Extra: found list; expected a JSON object"),
        ({"login": "id", "host": "x"}, "^Password: found none beside a login"),
        ({"password": "secret", "host": "x"}, "^Login: found none beside a password"),
    ],
)
def test_what_a_connection_lacks(fields, says, monkeypatch):
    with pytest.raises(ConnectionSettingsError, match=says):
        read(**fields)
    # The hook says whose fault it is.
    monkeypatch.setenv("AIRFLOW_CONN_LACKING", json.dumps({"conn_type": "bcs", **fields}))
    with pytest.raises(ConnectionSettingsError, match=f"^Connection lacking: {says.removeprefix('^')}"):
        _ = BatchComputeHook("lacking").settings


@pytest.mark.parametrize(
    ("value", "verify"),
    [(None, True), (True, True), ("true", True), ("", True), (" ", True), (False, False), ("False", False)],
)
def test_verify(value, verify):
    assert read(**KEYS, extra={"region": "r", "verify": value}).verify is verify


def test_verify_names_a_bundle(tmp_path):
    assert read(**KEYS, extra={"region": "r", "verify": str(tmp_path)}).verify == str(tmp_path)
    with pytest.raises(ConnectionSettingsError, match="^Extra field verify: found '/no/such/file'; expected"):
        read(**KEYS, extra={"region": "r", "verify": "/no/such/file"})


def test_no_connection_is_resolved_before_the_client_is_used():
    hook = BatchComputeHook("there_is_no_such_connection")
    assert hook.bcs_conn_id == "there_is_no_such_connection"
    with pytest.raises(Exception, match="there_is_no_such_connection"):
        hook.get_conn()


def test_one_client_a_hook(connection):
    hook = BatchComputeHook()
    with closing(hook.client) as client:
        assert hook.get_conn() is client
