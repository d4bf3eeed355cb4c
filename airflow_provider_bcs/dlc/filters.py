"""Filters of ListJobs, and query parameters in general. Source: the ListJobs page, API version 2020-12-03."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, TypedDict

from airflow_provider_bcs.description.violation import did_you_mean


class JobFilters(TypedDict, total=False):
    """Filters of ListJobs. A name is the API's field in Python's spelling: ``display_name`` is DisplayName.

    ``display_name`` matches any part of DisplayName, in upper or lower case. Times are datetimes with a time zone, or
    text such as ``2026-01-02T03:04:05Z``. They filter by GmtCreateTime, or by the field in ``time_range_field``.
    Without ``start_time``, the service returns jobs of the last seven days.

    >>> from airflow_provider_bcs.dlc import Client
    >>> filters: JobFilters = {"status": "Failed", "tags": {"team": "search"}}
    >>> jobs = Client("cn-shanghai", "LTAI5example", "the-secret").list_jobs(**filters)
    """

    status: str
    display_name: str
    display_name_search_mode: str
    description: str
    job_type: str
    tags: Mapping[str, str]
    start_time: datetime | str
    end_time: datetime | str
    time_range_field: str
    workspace_id: str
    from_all_workspaces: bool
    show_own: bool
    resource_id: str
    resource_ids: Iterable[str]
    resource_quota_name: str
    username: str
    user_id_for_filter: str
    business_user_id: str
    caller: str
    pipeline_id: str
    template_id: str
    accessibility: str
    payment_type: str
    oversold_info: str
    enable_assign_node: bool
    reason_search: str
    user_command_search: str
    image_search: str
    numeric_range_field: str
    numeric_range_min: int
    numeric_range_max: int
    sort_by: str
    order: str


def query_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Return query parameters under the API's names, without those that are None or empty.

    :raises TypeError: for a datetime without a time zone

    >>> query_of({"page_size": 10, "show_own": True, "job_ids": ["dlc1", "dlc2"], "status": None})
    {'PageSize': '10', 'ShowOwn': 'true', 'JobIds': 'dlc1,dlc2'}
    """
    return {service_name(name): _text(name, value) for name, value in params.items() if value not in (None, "")}


def checked(filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``filters`` unchanged.

    :raises TypeError: for a filter that ListJobs does not have
    """
    known = JobFilters.__annotations__
    for name in filters:
        if name not in known:
            raise TypeError(f"{name}: found a filter that ListJobs does not have{did_you_mean(name, known)}")
    return filters


def service_name(name: str) -> str:
    """Return the API's name of a parameter.

    >>> service_name("display_name")
    'DisplayName'
    """
    return "".join(word.capitalize() for word in name.split("_"))


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError(f"{name}: found {value.isoformat()}; expected a datetime with a time zone.")
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return ",".join(value)
