"""Metadata of the provider for Airflow: connection type, modules, form fields."""

from __future__ import annotations

from typing import Any

__all__ = ["CONNECTION_FIELDS", "UI_FIELD_BEHAVIOUR", "get_provider_info"]


def _field(label: str, description: str, *, secret: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if secret:
        schema["format"] = "password"
    return {"label": label, "description": description, "schema": schema}


#: Extra fields of a ``bcs`` connection. Airflow 3 folds them away at first; the standard fields are visible.
CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "security_token": _field("Security token", "Security token of temporary (STS) keys", secret=True),
    "role_arn": _field("RAM role", "ARN of a role to assume with the keys"),
    "workspace_id": _field("PAI workspace", "Workspace id of PAI-DLC jobs that name none"),
    "batchcompute_endpoint": _field("BatchCompute endpoint", "URL; empty: the region's public endpoint"),
    "dlc_endpoint": _field("PAI-DLC endpoint", "URL; empty: the region's public endpoint"),
    "oss_endpoint": _field("OSS endpoint", "URL; empty: the region's public endpoint"),
    "verify": _field("Verify TLS", "true, false, or the path of a CA bundle; empty: true"),
}

UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": [],
    "relabeling": {
        "login": "AccessKey id",
        "password": "AccessKey secret",
        "host": "Endpoint of all services",
        "schema": "Region",
    },
    "placeholders": {
        "login": "empty: default credential chain",
        "host": "empty: the region's public endpoints; http://127.0.0.1 for the local service",
        # Airflow 3.3 cannot test a connection whose port is empty. Without a host the port has no effect.
        "port": "443; 8642 for the local service",
        "schema": "e.g. cn-shanghai; empty for the local service",
    },
}

#: Modules besides those named after the service.
_MORE = {
    ("operators", "batchcompute"): (
        *("batchcompute_cluster", "batchcompute_graph", "batchcompute_job", "batchcompute_task"),
    ),
    ("operators", "dlc"): ("batchcompute_on_dlc",),
    ("sensors", "batchcompute"): ("batchcompute_cluster",),
    ("triggers", "batchcompute"): ("batchcompute_cluster", "batchcompute_task"),
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, valid against Airflow's ``provider_info.schema.json``.

    >>> get_provider_info()["package-name"]
    'airflow-provider-bcs'
    """
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
        "extra-links": [
            f"{package}.links.batchcompute.BatchComputeJobLink",
            f"{package}.links.dlc.DlcJobLink",
        ],
        **{
            kind: [
                {
                    "integration-name": name,
                    "python-modules": [f"{package}.{kind}.{each}" for each in (module, *_MORE.get((kind, module), ()))],
                }
                for name, module in services.items()
            ]
            for kind in ("hooks", "operators", "sensors", "triggers")
        },
    }
