"""Time of an API call: our PAI-DLC client and the vendor's SDK make the same call to the same local service."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from airflow_provider_bcs.dlc import Client
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from bench.rows import Row, computed, paired, timed
from tests.dlc.jobs import job
from tests.local.dlc.dlc_service import DlcService

CALLS = 500
ROUNDS = 3


def rows() -> Iterator[Row]:
    """Yield the time and the CPU time of GetJob."""
    with tempfile.TemporaryDirectory() as folder:
        service = DlcService(Path(folder) / "data")
        try:
            client = Client(service.url, "local", ACCESS_KEY_SECRET)
            job_id = service.create(job("true"))
            for what, measured in (("time", timed), ("CPU time", computed)):
                ours = _per_call(measured, lambda: client.get_job(job_id))
                theirs = _per_call(measured, lambda: service.client.get_job(job_id, _request()))
                yield paired(f"{what} of GetJob of PAI-DLC: our client / the vendor's SDK", ours, theirs, ROUNDS, "ms")
            client.close()
        finally:
            service.end()


def _request() -> object:
    from alibabacloud_pai_dlc20201203.models import GetJobRequest

    return GetJobRequest()


def _per_call(measured: Callable[[Callable[[], object]], float], call: Callable[[], object]) -> Callable[[], float]:
    def calls() -> None:
        for _ in range(CALLS):
            call()

    return lambda: measured(calls) / CALLS * 1000
