"""Add the origin of a job to its description, within the limits of the service."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.description.source import CheckedJob

from .facts import MAX_BODY_SIZE, MAX_JOB_TAGS, MAX_TAG_VALUE_LENGTH
from .rules import body_size

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.origin import Origin

log = logging.getLogger(__name__)


def with_origin(job: CheckedJob, origin: Origin) -> CheckedJob:
    """Return a job with the variables and tags of its origin; a line is logged when they exceed a limit.

    :param job: the author's description, with the token of the submission
    """
    changed = _with_tags(_with_variables(job, origin.variables), origin.tags)
    if (size := body_size(changed)) <= MAX_BODY_SIZE:
        return changed
    log.warning(
        "The job is submitted without the variables and tags of its Airflow task: found %d bytes with them; the service"
        " takes at most %d.",
        size,
        MAX_BODY_SIZE,
    )
    return job


def _with_variables(job: CheckedJob, variables: Mapping[str, str]) -> CheckedJob:
    own, listed = job.get("Envs") or {}, job.get("CustomEnvs") or []
    is_known_form = isinstance(listed, list) and all(isinstance(each, Mapping) for each in listed)
    if not isinstance(own, Mapping) or not is_known_form:
        # The author has the checks ignore it, and it is submitted as it is.
        return job
    # The author's value wins; CustomEnvs are variables too.
    custom = {each.get("Key") for each in listed}
    added = {name: value for name, value in variables.items() if name not in custom}
    return job.with_fields(Envs={**added, **own}) if added else job


def _with_tags(job: CheckedJob, tags: Mapping[str, str]) -> CheckedJob:
    settings: Any = job.get("Settings") or {}
    given = (settings.get("Tags") or {}) if isinstance(settings, Mapping) else None
    if not isinstance(given, Mapping):
        return job
    merged = {**{key: value[:MAX_TAG_VALUE_LENGTH] for key, value in tags.items()}, **given}
    if len(merged) > MAX_JOB_TAGS:
        log.warning(
            "The job is submitted without the tags of its Airflow task: found %d tags with them; the service takes at"
            " most %d.",
            len(merged),
            MAX_JOB_TAGS,
        )
        return job
    return job.with_fields(Settings={**settings, "Tags": merged}) if tags else job
