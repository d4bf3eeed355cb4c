"""Violations of one task, collected while it is converted for a container platform."""

from __future__ import annotations

from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.description.violation import Violation

#: Code of each violation: the field cannot be carried over.
CODE = "NotCarriedOver"


class Findings:
    """Collector of the violations of one task.

    :param task: name of the task
    :ivar templates: whether values may hold Jinja templates that are not rendered yet
    :ivar violations: the violations so far
    """

    def __init__(self, task: str, *, templates: bool) -> None:
        self._path = f"DAG.Tasks.{task}"
        self.templates = templates
        self.violations: list[Violation] = []

    def pending(self, value: object) -> bool:
        """Tell whether a value is known only after rendering."""
        return self.templates and is_template(value)

    def add(
        self, field: str, message: str, found: object, expected: str, *, ignore: str = "", of_task: bool = True
    ) -> None:
        """Add a violation.

        :param field: path of the field in its task, or in the whole description
        :param message: the reason, a sentence
        :param found: the value that was found, as it reads in the message
        :param expected: what the field may hold instead
        :param ignore: name that ``ignore`` may list instead; empty when that does not help
        :param of_task: whether ``field`` is a path in the task
        """
        expected += f", or {ignore!r} in ignore" if ignore else ""
        end = "" if expected.endswith("?") else "."
        path = f"{self._path}.{field}" if of_task else field
        # An ignored field is left out, so its value gives no violation at all.
        advice = f"Found {found}; expected {expected}{end}"
        self.violations.append(Violation(path, CODE, message, advice, is_final=True))
