"""What Airflow asks of a provider: its connection type, modules and form fields."""

from __future__ import annotations

from typing import Any


def _field(label: str, description: str, *, secret: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if secret:
        schema["format"] = "password"
    return {"label": label, "description": description, "schema": schema}


#: The extra fields of a ``bcs`` connection.
CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "region": _field("Region", "Region id, e.g. cn-shanghai"),
    "security_token": _field("Security token", "Comes with temporary (STS) keys", secret=True),
    "role_arn": _field("RAM role", "ARN of a role to assume with these keys"),
    "workspace_id": _field("PAI workspace", "Workspace of PAI-DLC jobs"),
    "batchcompute_endpoint": _field("BatchCompute endpoint", "URL instead of the region's public one"),
    "dlc_endpoint": _field("PAI-DLC endpoint", "URL instead of the region's public one"),
    "oss_endpoint": _field("OSS endpoint", "URL instead of the region's public one"),
}

UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema"],
    "relabeling": {
        "login": "AccessKey id",
        "password": "AccessKey secret",
        "host": "Endpoint of all services",
    },
    "placeholders": {
        "login": "empty: default credential chain",
        "host": "empty: the region's public endpoints; http://127.0.0.1 for the local service",
        "port": "8642 for the local service",
    },
}

#: Modules beside those that are called like the service.
_MORE = {
    ("operators", "batchcompute"): (
        *("batchcompute_cluster", "batchcompute_graph", "batchcompute_job", "batchcompute_task"),
    ),
    ("operators", "dlc"): ("batchcompute_on_dlc",),
    ("sensors", "batchcompute"): ("batchcompute_cluster",),
    ("triggers", "batchcompute"): ("batchcompute_cluster", "batchcompute_task"),
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description, valid against Airflow's ``provider_info.schema.json``."""
    package = "airflow_provider_bcs"
    services = {"Alibaba Cloud BatchCompute": "batchcompute", "Alibaba Cloud PAI-DLC": "dlc"}
    pages = {
        "batchcompute": "https://www.alibabacloud.com/help/en/batchcompute",
        "dlc": "https://www.alibabacloud.com/help/en/pai",
    }
    return {
        "package-name": "airflow-provider-bcs",
        "name": "Alibaba Cloud BatchCompute and PAI-DLC",
        "description": "Runs BatchCompute job files as native Airflow graphs, and PAI-DLC training jobs.",
        "integrations": [
            {"integration-name": name, "external-doc-url": pages[module], "tags": ["service"]}
            for name, module in services.items()
        ],
        "connection-types": [
            {
                "connection-type": "bcs",
                "hook-class-name": f"{package}.hooks.batchcompute.BatchComputeHook",
                "hook-name": "Alibaba Cloud BatchCompute and PAI-DLC",
                "conn-fields": CONNECTION_FIELDS,
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR,
            }
        ],
        "extra-links": [f"{package}.links.dlc.DlcJobLink"],
        **{
            room: [
                {
                    "integration-name": name,
                    "python-modules": [f"{package}.{room}.{each}" for each in (module, *_MORE.get((room, module), ()))],
                }
                for name, module in services.items()
            ]
            for room in ("hooks", "operators", "sensors", "triggers")
        },
    }
