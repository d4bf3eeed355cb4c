"""Jobs for the triggers: numbered from 1, running until the bench ends them in this order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import requests

from airflow_provider_bcs.batchcompute.facts import Quotas
from airflow_provider_bcs.local.batchcompute import jobs as batchcompute
from airflow_provider_bcs.local.batchcompute.description import fill_in_defaults
from airflow_provider_bcs.local.clock import now
from airflow_provider_bcs.local.dlc import jobs as dlc
from airflow_provider_bcs.local.shim.clock import Clock
from airflow_provider_bcs.local.store import Store
from tests.airflow.conftest import connection_json
from tests.batchcompute.jobs import job
from tests.child import first_line, restore_signals
from tests.dlc.bodies import body
from tests.local.service import Service

#: Seconds between two polls.
POLL = 10


class Watched(ABC):
    """Jobs of one service, and the trigger that waits for one of them.

    :ivar classpath: class path of the trigger
    :ivar success: text in the trigger's event when its job has succeeded
    :ivar most: maximum number of these triggers in a measurement
    """

    classpath: ClassVar[str]
    success: ClassVar[str]
    most: ClassVar[int] = sys.maxsize

    @abstractmethod
    def __init__(self, folder: Path, count: int) -> None: ...

    @abstractmethod
    def arguments(self, number: int) -> dict[str, Any]:
        """Return the arguments of the trigger that waits for a job."""

    @abstractmethod
    def calls(self) -> int:
        """Return the number of calls of the service so far."""

    @abstractmethod
    def end(self, number: int) -> None:
        """End all jobs up to this one."""

    @abstractmethod
    def close(self) -> None: ...


class Local(Watched):
    """Jobs of the local service, written into its database: it cannot run thousands of processes."""

    def __init__(self, folder: Path, count: int) -> None:
        self._service = Service(folder / "data")
        os.environ["AIRFLOW_CONN_BCS_DEFAULT"] = connection_json(self._service)
        self._store = Store(folder / "data" / "state.sqlite")
        self._ended = 0
        with self._store.transaction():
            self._ids = self._add(count)

    @abstractmethod
    def _add(self, count: int) -> list[str]:
        """Add running jobs; return their ids."""

    @abstractmethod
    def _end(self, first: int, last: int) -> None: ...

    def arguments(self, number: int) -> dict[str, Any]:
        return {"job_id": self._ids[number - 1], "poll_interval": POLL}

    def calls(self) -> int:
        return sum(requests.get(f"{self._service.url}/_local/requests", timeout=60).json().values())

    def end(self, number: int) -> None:
        with self._store.transaction():
            self._end(self._ended + 1, number)
        self._ended = number

    def close(self) -> None:
        self._store.close()
        self._service.end()


class BatchCompute(Local):
    classpath = "airflow_provider_bcs.triggers.batchcompute.BatchComputeTrigger"
    success = "'state': 'Finished'"

    def _add(self, count: int) -> list[str]:
        jobs, description = batchcompute.Jobs(self._store), fill_in_defaults(job(), Quotas())
        ids = [jobs.add(description) for _ in range(count)]
        for table in ("jobs", "instances"):
            self._store.execute(f"UPDATE {table} SET state = 'Running', started = ?", now())
        return ids

    def _end(self, first: int, last: int) -> None:
        for table, number in (("jobs", "number"), ("instances", "job")):
            change = f"UPDATE {table} SET state = 'Finished', ended = ? WHERE {number} BETWEEN ? AND ?"
            self._store.execute(change, now(), first, last)


class Dlc(Local):
    classpath = "airflow_provider_bcs.triggers.dlc.DlcJobTrigger"
    success = "'state': 'Succeeded'"

    def _add(self, count: int) -> list[str]:
        present = time.time()
        jobs = dlc.Jobs(self._store, Clock(present, present, 1))
        ids = [jobs.add(body()).id for _ in range(count)]
        self._store.execute("UPDATE dlc_jobs SET status = 'Running', submitted = ?, running = ?", present, present)
        return ids

    def _end(self, first: int, last: int) -> None:
        change = "UPDATE dlc_jobs SET status = 'Succeeded', finished = ?, modified = ? WHERE number BETWEEN ? AND ?"
        self._store.execute(change, time.time(), time.time(), first, last)


class _Stubbed(Watched):
    """Jobs of the stub of a peer's service, which runs in a process of its own."""

    def __init__(self, folder: Path, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.stub"], stdout=subprocess.PIPE, text=True, preexec_fn=restore_signals
        )
        self.port = int(first_line(self._process))
        self._url = f"http://127.0.0.1:{self.port}"

    def calls(self) -> int:
        return int(requests.get(f"{self._url}/calls", timeout=60).json())

    def end(self, number: int) -> None:
        requests.put(f"{self._url}/ended", json=number, timeout=60)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Databricks(_Stubbed):
    classpath = "airflow.providers.databricks.triggers.databricks.DatabricksExecutionTrigger"
    success = '"result_state": "SUCCESS"'

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        connection = {"conn_type": "databricks", "host": "127.0.0.1", "port": self.port, "schema": "http"}
        os.environ["AIRFLOW_CONN_DATABRICKS_DEFAULT"] = json.dumps({**connection, "password": "token"})

    def arguments(self, number: int) -> dict[str, Any]:
        return {"run_id": number, "databricks_conn_id": "databricks_default", "polling_period_seconds": POLL}


class Amazon(_Stubbed):
    classpath = "airflow.providers.amazon.aws.triggers.batch.BatchJobTrigger"
    success = "'status': 'success'"
    # Each trigger takes more than 1 MiB of memory and 60 ms of CPU time to start.
    most = 2000

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        extra = {"region_name": "us-east-1", "endpoint_url": self._url}
        connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        os.environ["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps(connection)

    def arguments(self, number: int) -> dict[str, Any]:
        return {"job_id": str(number), "region_name": "us-east-1", "waiter_delay": POLL}


class Nothing(Watched):
    """No service: the cost of Airflow itself."""

    classpath = "bench.triggerer.Told"
    success = "None"

    def __init__(self, folder: Path, count: int) -> None:
        self._file = folder / "ended"
        self._new = folder / "new"

    def arguments(self, number: int) -> dict[str, Any]:
        return {"number": number, "file": str(self._file)}

    def calls(self) -> int:
        return 0

    def end(self, number: int) -> None:
        self._new.write_text(str(number))
        self._new.replace(self._file)

    def close(self) -> None: ...
