"""Target of a wait: a job, a task of it, or an instance of a task."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client
    from .response import Stateful


@dataclass(frozen=True)
class Target:
    """Job, task of a job, or instance of a task to wait for.

    >>> str(Target("job-1", "count", 3))
    'instance 3 of task count of job job-1'
    """

    job_id: str
    task_name: str | None = None
    instance_id: int | None = None

    def __post_init__(self) -> None:
        if self.instance_id is not None and self.task_name is None:
            raise ValueError(
                "instance_id: found one without task_name; expected both, because instances are numbered within a task."
            )

    def read(self, client: Client) -> Stateful:
        """Return the present state."""
        if self.task_name is None:
            return client.get_job(self.job_id)
        if self.instance_id is None:
            return client.get_task(self.job_id, self.task_name)
        return client.get_instance(self.job_id, self.task_name, self.instance_id)

    def fields(self) -> dict[str, Any]:
        """Return the target as plain values, so that Airflow can serialize a trigger."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"job {self.job_id}"]
        if self.task_name is not None:
            parts.insert(0, f"task {self.task_name} of")
        if self.instance_id is not None:
            parts.insert(0, f"instance {self.instance_id} of")
        return " ".join(parts)
