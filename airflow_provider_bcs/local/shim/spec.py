"""What an attempt is to run: the file that the service writes and the shim reads."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Spec(NamedTuple):
    """One attempt.

    :ivar directory: the attempt directory
    :ivar data_dir: the service's data directory, which holds the objects
    :ivar isolation: ``namespace`` or ``rewrite``
    :ivar search_path: where commands are looked up first, before the system's directories
    :ivar task: the task of the job description, defaults filled in
    :ivar stdout: object path of the standard output, empty for none
    :ivar stderr: object path of the standard error, empty for none
    """

    directory: str
    data_dir: str
    isolation: str
    search_path: str
    job_id: str
    task_name: str
    instance_id: int
    task: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def label(self) -> str:
        """``{JobId}.{TaskName}.{InstanceId}``, how the objects of an instance's logs end."""
        return f"{self.job_id}.{self.task_name}.{self.instance_id}"

    def write(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self._asdict(), file)

    @classmethod
    def read(cls, path: str) -> Spec:
        with open(path, encoding="utf-8") as file:
            return cls(**json.load(file))
