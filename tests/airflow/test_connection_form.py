"""The connection form, the button "Test" and the page of providers, as Airflow's own web server answers."""

from __future__ import annotations

import json
import re
from html import unescape
from importlib.metadata import metadata
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_bcs.provider_info import CONNECTION_FIELDS
from tests.airflow.running import AIRFLOW_3
from tests.airflow.web import ask
from tests.conftest import keys_of
from tests.local.service import Service

CONN_ID = "from_the_form"
API = "/api/v2" if AIRFLOW_3 else "/api/v1"
FORM = "/ui/connections/hook_meta" if AIRFLOW_3 else "/connection/add"
PROVIDERS = f"{API}/providers?limit=1000" if AIRFLOW_3 else "/provider"


@pytest.fixture(scope="module")
def body(service: Service) -> dict[str, Any]:
    """What the form sends for the local service."""
    url, key_id, secret = keys_of(service)
    return {
        "connection_id": CONN_ID,
        "conn_type": "bcs",
        "host": "http://127.0.0.1",
        "port": urlsplit(url).port,
        "login": key_id,
        "password": secret,
        "extra": json.dumps({"oss_endpoint": service.ready["oss"], "verify": "true"}),
    }


@pytest.fixture(scope="module")
def answers(body: dict[str, Any], airflow_db: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    requests = {
        "form": ("GET", FORM, None),
        "providers": ("GET", PROVIDERS, None),
        "right": ("POST", f"{API}/connections/test", body),
        "wrong": ("POST", f"{API}/connections/test", {**body, "password": "another-secret"}),
        "nowhere": ("POST", f"{API}/connections/test", {**body, "host": "", "port": 443}),
    }
    if AIRFLOW_3:
        # The list of connections has a button too. It sends a masked password, and 0 for a port that is empty.
        stored = {**body, "host": f"{body['host']}:{body['port']}", "port": None}
        shown = {**stored, "password": "***"}
        requests |= {
            "stored": ("POST", f"{API}/connections", stored),
            "without_port": ("POST", f"{API}/connections/test", {**shown, "port": 0}),
            "corrected": ("PATCH", f"{API}/connections/{CONN_ID}", {**shown, "port": body["port"]}),
            "with_port": ("POST", f"{API}/connections/test", {**shown, "port": body["port"]}),
            "deleted": ("DELETE", f"{API}/connections/{CONN_ID}", None),
        }
    responses = ask(list(requests.values()), tmp_path_factory.mktemp("web"))
    return dict(zip(requests, responses, strict=True))


def shown(answers: dict[str, Any], name: str) -> tuple[bool, list[str]]:
    """Return whether the button is green, and the lines below it."""
    status, text = answers[name]
    assert status == 200, text
    found = json.loads(text)
    return found["status"], found["message"].splitlines()


def accepts(service: Service) -> list[str]:
    url, oss = service.url, service.ready["oss"]
    return [f"{name}: {at} answers and accepts the keys." for name, at in zip(SERVICES, (url, url, oss), strict=True)]


SERVICES = ("BatchCompute", "PAI-DLC", "OSS")


def test_the_button_is_green(answers: dict[str, Any], service: Service) -> None:
    assert shown(answers, "right") == (True, accepts(service))


def test_the_button_says_that_the_secret_is_wrong(answers: dict[str, Any]) -> None:
    is_green, lines = shown(answers, "wrong")
    assert not is_green
    starts = [f"{name}: SignatureDoesNotMatch: Most likely the AccessKey secret is wrong." for name in SERVICES]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts
    assert "string to sign" not in answers["wrong"][1]


def test_the_button_says_that_the_region_is_missing(answers: dict[str, Any]) -> None:
    is_green, [line] = shown(answers, "nowhere")
    # Airflow's random name of the connection would be the first word.
    assert (is_green, line.partition(";")[0]) == (False, "Region: found none")


@pytest.mark.skipif(not AIRFLOW_3, reason="Airflow 2 has the button in the form only")
def test_the_list_needs_a_port(answers: dict[str, Any], service: Service) -> None:
    """docs/connection.md says how to avoid what Airflow 3.3.2 answers here."""
    assert answers["stored"][0] == 201
    assert answers["without_port"][0] == 400
    assert "host or port to test differs" in answers["without_port"][1]
    assert shown(answers, "with_port") == (True, accepts(service))
    assert answers["deleted"][0] == 204


def test_what_the_form_shows_at_once(answers: dict[str, Any]) -> None:
    status, text = answers["form"]
    assert status == 200
    if AIRFLOW_3:
        [form] = [found for found in json.loads(text) if found["connection_type"] == "bcs"]
        visible = form["standard_fields"]
        assert not any(field and field["hidden"] for field in visible.values())
        titles = {name: field["title"] for name, field in visible.items() if field}
        assert titles["url_schema"] == "Region"
        assert "443" in visible["port"]["placeholder"]
    else:
        behaviours = re.search(r'id="field_behaviours" type="text/json">(.*?)</script>', text, re.DOTALL)
        assert behaviours is not None
        found = json.loads(unescape(behaviours[1]))["bcs"]
        assert (found["hidden_fields"], found["relabeling"]["schema"]) == ([], "Region")
        assert "443" in found["placeholders"]["port"]


def test_the_form_has_each_extra_field(answers: dict[str, Any]) -> None:
    text = answers["form"][1]
    if AIRFLOW_3:
        [form] = [found for found in json.loads(text) if found["connection_type"] == "bcs"]
        fields = form["extra_fields"]
        assert {name: field["schema"]["title"] for name, field in fields.items()} == {
            name: field["label"] for name, field in CONNECTION_FIELDS.items()
        }
        assert fields["verify"]["schema"]["type"] == ["string", "null"]
    else:
        fields = set(re.findall(r'<input [^>]*name="extra__bcs__(\w+)"', text))
        assert fields == set(CONNECTION_FIELDS)
    assert "verify" in fields


def test_the_page_of_providers_leads_to_the_documentation(answers: dict[str, Any]) -> None:
    status, text = answers["providers"]
    assert status == 200
    urls = dict(each.split(", ", 1) for each in metadata("airflow-provider-bcs").get_all("Project-URL") or [])
    if AIRFLOW_3:
        [found] = [each for each in json.loads(text)["providers"] if each["package_name"] == "airflow-provider-bcs"]
        assert found["documentation_url"] == urls["Documentation"]
    else:
        assert re.search(r'<a href="([^"]+)"[^>]*>airflow-provider-bcs</a>', text)[1] == urls["Documentation"]
