"""What can be waited for: a job, one of its tasks, or one instance of a task."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client
    from .response import Stateful


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
