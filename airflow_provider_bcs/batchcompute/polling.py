"""Ask for the state of a job, task or instance again and again, without taking one failed answer for a failure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_bcs.openapi.errors import MissingCredentialsError, NoAnswerError, ServerError, ThrottledError

if TYPE_CHECKING:
    from .client import Client
    from .response import Stateful

#: So many polls in a row may fail, each one with the client's own retries, before waiting is given up.
MAX_FAILED_POLLS = 20


@dataclass(frozen=True)
class Target:
    """What is waited for: a job, one of its tasks, or one instance of a task."""

    job_id: str
    task_name: str | None = None
    instance_id: int | None = None

    def __post_init__(self) -> None:
        if self.instance_id is not None and self.task_name is None:
            raise ValueError("instance_id needs task_name: instances are numbered within a task.")

    def read(self, client: Client) -> Stateful:
        """Return its state now."""
        if self.task_name is None:
            return client.get_job(self.job_id)
        if self.instance_id is None:
            return client.get_task(self.job_id, self.task_name)
        return client.get_instance(self.job_id, self.task_name, self.instance_id)

    def fields(self) -> dict[str, Any]:
        """Return it as plain values, to travel in a trigger."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"job {self.job_id}"]
        if self.task_name is not None:
            parts.insert(0, f"task {self.task_name} of")
        if self.instance_id is not None:
            parts.insert(0, f"instance {self.instance_id} of")
        return " ".join(parts)


class Log(Protocol):
    """A logger: the standard library's, or Airflow's."""

    def info(self, message: str, /, *args: Any) -> Any: ...

    def warning(self, message: str, /, *args: Any) -> Any: ...


class Poll:
    """One poll a call; writes a log line when the progress has changed."""

    def __init__(self, client: Client, target: Target, log: Log) -> None:
        self._client = client
        self._target = target
        self._log = log
        self._failed = 0
        self._progress = ""

    def __call__(self) -> Stateful | None:
        """Return the state, or None when there was no usable answer this time.

        :raises OpenApiError: for an answer that will not get better, or after 20 polls in a row without one
        """
        try:
            status = self._target.read(self._client)
        except (NoAnswerError, ServerError, ThrottledError, MissingCredentialsError) as error:
            self._failed += 1
            if self._failed >= MAX_FAILED_POLLS:
                raise
            self._log.warning("No state of %s (%d in a row): %s", self._target, self._failed, error)
            return None
        self._failed = 0
        if status.progress != self._progress:
            self._progress = status.progress
            self._log.info("%s: %s", self._target, status.progress)
        return status
