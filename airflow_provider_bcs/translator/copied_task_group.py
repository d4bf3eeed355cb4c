"""Base of the task groups with attributes of their own, which Airflow copies with the DAG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, SupportsIndex

from airflow.providers.common.compat.sdk import TaskGroup


class CopiedTaskGroup(TaskGroup):
    """TaskGroup whose copies keep the attributes in ``kept``.

    Airflow copies the groups of a DAG for ``partial_subset`` and for a clear. Its own task groups have slots in Airflow
    3, so that a copy is without the attributes that a subclass adds.
    """

    #: Names of the attributes. None of them may hold an operator: a copy of the DAG has operators of its own.
    kept: ClassVar[tuple[str, ...]] = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        reduced: Any = super().__reduce_ex__(protocol)
        function, arguments, state, *rest = reduced
        own = {name: getattr(self, name) for name in self.kept}
        return (_with_attributes, (function, arguments, own), state, *rest)


def _with_attributes(function: Callable[..., Any], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    made = function(*arguments)
    vars(made).update(attributes)
    return made
