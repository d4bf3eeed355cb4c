"""Templates of a DAG with ``render_template_as_native_obj``, rendered to the types that the service wants.

Airflow then turns each rendered text that looks like a Python literal into that literal, whether it has a template or
not. ``WorkspaceId: "12345"`` becomes a number, and the service refuses it; ``"1.10"`` becomes ``1.1``, which no
conversion can turn back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact

from airflow_provider_bcs.airflow_versions import renders_native_objects
from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.values import is_template

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

__all__ = ["type_templates"]


def type_templates(operator: BaseOperator, names: Iterable[str], types: Mapping[str, Any], seen_oids: set[int]) -> None:
    """Let Airflow render templated fields of an operator to their types; without the option, leave them as they are.

    :param names: names of the templated fields
    :param types: name of a field -> annotation of its value; Airflow alone renders a field that is not in it
    :param seen_oids: ids of the values that Airflow has rendered already
    """
    if not renders_native_objects(operator):
        return
    for name in names:
        # Airflow leaves out an empty field, and looks for it in the truth of its value.
        if name in types and (value := getattr(operator, name)):
            setattr(operator, name, _TypedTemplate(operator, value, types[name], frozenset(seen_oids)))


@dataclass(frozen=True, repr=False)
class _TypedTemplate:
    """Value of a templated field. Airflow calls it in place of rendering the field."""

    operator: Any
    value: Any
    annotation: Any
    seen_oids: frozenset[int]

    def __repr__(self) -> str:
        # Airflow logs it when a template cannot be rendered.
        return repr(redact(without_secrets(self.value)))

    def __call__(self, context: Context, jinja_env: Any) -> Any:
        # The given environment is that of the DAG, even if the operator itself has the option.
        environment = self.operator.get_template_env()
        # The plain items: Airflow 2 warns of each deprecated variable that is read.
        return self._render(self.value, self.annotation, dict(context.items()), environment, context)

    def _render(self, value: Any, annotation: Any, variables: dict[str, Any], env: Any, context: Context) -> Any:
        from airflow_provider_bcs.description.value_types import json_types, type_inside

        if id(value) in self.seen_oids:
            return value
        if isinstance(value, str):
            parts = list(env.from_string(value).generate(variables))
            return _typed(parts, json_types(annotation))
        if type(value) is dict:
            return {
                self._render(key, str, variables, env, context) if is_template(key) else key: self._render(
                    element, type_inside(annotation, key), variables, env, context
                )
                for key, element in value.items()
            }
        if type(value) in (list, tuple):
            return [self._render(element, type_inside(annotation), variables, env, context) for element in value]
        return self.operator.render_template(value, context, env)


def _typed(parts: list[Any], wanted: frozenset[type]) -> Any:
    """Make one value of the parts of a rendered text.

    :param parts: texts, and the values of the expressions between them
    :param wanted: the types that the value may have; none when they are not known
    """
    from jinja2 import Undefined
    from jinja2.nativetypes import native_concat

    is_whole = len(parts) == 1 and not isinstance(parts[0], (str, Undefined))
    if is_whole and (parts[0] is None or not wanted):
        # None leaves the field out.
        return parts[0]
    text = "".join(map(str, parts))
    if not wanted or wanted == {str}:
        return text
    value = native_concat(parts)
    return text if str in wanted and not isinstance(value, dict) else value
