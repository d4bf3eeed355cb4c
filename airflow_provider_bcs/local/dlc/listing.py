"""Filters, order and pages of ListJobs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from airflow_provider_bcs.dlc.facts import DEFAULT_PAGE_SIZE, JOB_DEFAULTS, MAX_PAGE_SIZE
from airflow_provider_bcs.local.account import ACCOUNT_ID
from airflow_provider_bcs.local.shim.clock import Clock
from airflow_provider_bcs.local.store import Where, where

from .errors import invalid
from .fields import USERNAME
from .jobs import Job, Jobs
from .parameters import choice, integer, is_true, text_map, window

_MAX_PAGE_NUMBER = 1000
_TIME_COLUMNS = {
    "GmtCreateTime": "created",
    "GmtSubmittedTime": "submitted",
    "GmtRunningTime": "running",
    "GmtFinishTime": "finished",
    "GmtModifiedTime": "modified",
}
_ORDER_COLUMNS = {
    "GmtCreateTime": "created",
    "GmtFinishTime": "finished",
    "DisplayName": "display_name",
    "JobType": "job_type",
    "Status": "status",
}
_CONTAINS = "instr(lower({}), lower(?)) > 0"
_IS_SPOT = (
    "EXISTS (SELECT 1 FROM json_each(body, '$.JobSpecs') WHERE json_extract(value, '$.UseSpotInstance')"
    " OR coalesce(json_extract(value, '$.SpotSpec'), '{}') <> '{}'"
    " OR coalesce(json_extract(value, '$.ElasticSpotSpecs'), '[]') <> '[]')"
)
#: SQL conditions by query parameter, which is the value of their placeholder; cheap conditions first.
_FILTERS = {
    "Status": "status = ?",
    "JobType": "job_type = ?",
    "WorkspaceId": "workspace_id = ?",
    "DisplayName": _CONTAINS.format("display_name"),
    "ReasonSearch": _CONTAINS.format("reason_code || ' ' || reason_message"),
    "ResourceId": "json_extract(body, '$.ResourceId') = ?",
    "Accessibility": f"coalesce(json_extract(body, '$.Accessibility'), '{JOB_DEFAULTS['Accessibility']}') = ?",
    "Description": _CONTAINS.format("json_extract(body, '$.Description')"),
    "UserCommandSearch": _CONTAINS.format("json_extract(body, '$.UserCommand')"),
    "UserIdForFilter": f"'{ACCOUNT_ID}' = ?",
    "Username": _CONTAINS.format(f"'{USERNAME}'"),
    # Jobs have neither the name of a quota nor a template.
    "ResourceQuotaName": "'' = ?",
    "TemplateId": "'' = ?",
    "PaymentType": "CASE WHEN coalesce(json_extract(body, '$.ResourceId'), '') <> '' THEN 'PrePaid'"
    f" WHEN {_IS_SPOT} THEN 'Spot' ELSE 'PostPaid' END = ?",
    "Caller": "json_extract(body, '$.Settings.Caller') = ?",
    "BusinessUserId": "json_extract(body, '$.Settings.BusinessUserId') = ?",
    "PipelineId": "json_extract(body, '$.Settings.PipelineId') = ?",
    "ImageSearch": "EXISTS (SELECT 1 FROM json_each(body, '$.JobSpecs')"
    " WHERE instr(lower(json_extract(value, '$.Image')), lower(?)) > 0)",
}
#: Query parameters that would select some jobs, and that the local service does not support.
_UNSUPPORTED = ("EnableAssignNode", "NumericRangeField", "NumericRangeMax", "NumericRangeMin", "OversoldInfo")


def list_jobs(jobs: Jobs, query: Mapping[str, str]) -> tuple[list[Job], int]:
    """Return one page of jobs, and the TotalCount of all pages.

    Assumptions: text parameters match a substring and are not case-sensitive; all pairs of Tags must match.

    :raises ErrorResponse: InvalidParameter
    """
    number = integer(query, "PageNumber", 1, 1, _MAX_PAGE_NUMBER)
    size = integer(query, "PageSize", DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE)
    column = _ORDER_COLUMNS[choice(query, "SortBy", "GmtCreateTime", tuple(_ORDER_COLUMNS))]
    order = choice(query, "Order", "desc", ("asc", "desc"))
    for name in ("ShowOwn", "FromAllWorkspaces"):
        # Without effect: all jobs belong to one account, and without WorkspaceId the listing has all workspaces.
        is_true(query, name)
    choice(query, "DisplayNameSearchMode", "wildcard", ("wildcard",))
    for name in _UNSUPPORTED:
        if query.get(name):
            raise invalid(name, "The local service does not have this filter.")
    condition = _condition(query, jobs.clock)
    with jobs.store.transaction():
        [total] = jobs.store.select("dlc_jobs", condition, columns="COUNT(*)")
        found = jobs.select(condition, f"{column} {order}, number {order}", size, (number - 1) * size)
        return found, int(total[0])


def _condition(query: Mapping[str, str], clock: Clock) -> Where:
    moment = _TIME_COLUMNS[choice(query, "TimeRangeField", "GmtCreateTime", tuple(_TIME_COLUMNS))]
    start, end = window(query, clock)
    found = _by_id(query) & where(**{f"{moment}__ge": start, f"{moment}__lt": end + 1})
    for name, text in _FILTERS.items():
        if query.get(name):
            found &= Where(text, (query[name],))
    if query.get("ResourceIds"):
        ids = json.dumps(_split(query["ResourceIds"]))
        found &= Where("json_extract(body, '$.ResourceId') IN (SELECT value FROM json_each(?))", (ids,))
    for pair in text_map(query, "Tags").items():
        found &= Where("EXISTS (SELECT 1 FROM json_each(body, '$.Settings.Tags') WHERE key = ? AND value = ?)", pair)
    return found


def _by_id(query: Mapping[str, str]) -> Where:
    """Return the condition of JobId or JobIds; JobId takes precedence."""
    ids = [query["JobId"]] if query.get("JobId") else _split(query.get("JobIds", ""))
    return where(id__in=[job_id.lower() for job_id in ids]) if ids else Where()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
