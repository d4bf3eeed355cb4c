"""What is wrong with a task that is to run as a PAI-DLC job, collected while it is converted."""

from __future__ import annotations

from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import Violation

CODE = "NotCarriedOver"
_NOT_OF_TASK = ("Type", "Notification", "App", "DAG", "dlc_job")


class Findings:
    """Collects violations of one task.

    :param task: path of the task in its job, ``DAG.Tasks.count``
    :param templates: whether values may hold templates that are not rendered yet
    """

    def __init__(self, task: str, *, templates: bool) -> None:
        self._task = task
        self._templates = templates
        self.violations: list[Violation] = []

    def pending(self, value: object) -> bool:
        """Tell whether a value is known only after rendering."""
        return self._templates and is_template(value)

    def add(self, path: str, message: str, advice: str, *, ignore: str = "") -> None:
        """Take note of a violation.

        :param path: the field, those of a task without the task's path
        :param ignore: what can be listed in ``ignore`` instead, nothing when that would not help
        """
        way_out = f", or list {ignore!r} in ignore" if ignore else ""
        where = path if path.split(".")[0] in _NOT_OF_TASK else f"{self._task}.{path}"
        self.violations.append(Violation(where, CODE, message, f"{advice}{way_out}."))
