"""The provider as Airflow sees it."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import entry_points
from pathlib import Path

import airflow
import jsonschema

from airflow_provider_bcs.hooks.form import connection_form_widgets
from airflow_provider_bcs.provider_info import CONNECTION_FIELDS, get_provider_info
from tests.airflow.running import AIRFLOW_3


def test_valid_against_airflows_own_schema():
    schema = json.loads((Path(airflow.__path__[0]) / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_the_entry_point_gives_it():
    (entry,) = [
        entry
        for entry in entry_points(group="apache_airflow_provider")
        if entry.dist and entry.dist.name == "airflow-provider-bcs"
    ]
    assert entry.load()() == get_provider_info()
    assert get_provider_info()["package-name"] == entry.dist.name


def test_everything_it_names_can_be_imported():
    info = get_provider_info()
    for room in ("hooks", "operators", "sensors", "triggers"):
        for item in info[room]:
            for module in item["python-modules"]:
                importlib.import_module(module)
    for connection_type in info["connection-types"]:
        module, _, name = connection_type["hook-class-name"].rpartition(".")
        assert getattr(importlib.import_module(module), name).conn_type == connection_type["connection-type"]


def test_airflow_discovers_provider_hook_and_form():
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert "airflow-provider-bcs" in manager.providers
    hook = manager.hooks["bcs"]
    assert hook is not None
    assert hook.hook_class_name.endswith("BatchComputeHook")
    assert manager.field_behaviours["bcs"]["relabeling"]["login"] == "AccessKey id"
    widgets = {name.rpartition("__")[2] for name in manager.connection_form_widgets if "bcs" in name}
    assert widgets == set(CONNECTION_FIELDS)


def test_secrets_are_hidden_in_both_forms():
    """Airflow 3 reads the table, Airflow 2 builds WTForms fields from it."""
    hidden = {name for name, field in CONNECTION_FIELDS.items() if field["schema"].get("format") == "password"}
    assert hidden == {"security_token"}
    if not AIRFLOW_3:
        kinds = {name: field.field_class.__name__ for name, field in connection_form_widgets().items()}
        assert kinds.pop("security_token") == "PasswordField"
        assert set(kinds.values()) == {"StringField"}
