"""Read a job, also one of the service's first API, from whatever an author has."""

from __future__ import annotations

from typing import Any

from airflow_provider_bcs.description import source
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.exceptions import InvalidJobError

from .instance_types import INSTANCE_TYPES, InstanceTypes
from .legacy import as_current


def read_job(job: JobSource, instance_types: InstanceTypes = INSTANCE_TYPES) -> dict[str, Any]:
    """Return a job description as a new dict with the service's own field names.

    :param job: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()`` or
        ``to_map()``; one of the first API is converted
    :param instance_types: what a job of the first API chooses its instance types from; see
        :func:`~airflow_provider_bcs.batchcompute.legacy.from_v1`
    :raises JobSourceError: when it is none of these, or the file or text cannot be read
    :raises InvalidJobError: for a job of the first API that cannot be converted
    """
    conversion = as_current(source.read_job(job), instance_types)
    if conversion.violations:
        raise InvalidJobError(conversion.violations)
    return conversion.job
