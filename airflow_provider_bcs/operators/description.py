"""Base of the operators that take a description: read it, validate it while the DAG file is parsed, render it."""

from __future__ import annotations

import contextlib
import os
import warnings
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.providers.common.compat.sdk import BaseOperator, redact

from airflow_provider_bcs.airflow_versions import mask
from airflow_provider_bcs.description.ignore import (
    check_ignore,
    is_ignored,
    not_ignored,
    path_of_warning,
    warnings_not_ignored,
)
from airflow_provider_bcs.description.secrets import secret_values, with_secrets, without_secrets
from airflow_provider_bcs.description.source import (
    DESCRIBED,
    FILE_SUFFIXES,
    CheckedJob,
    JobSource,
    parse_description,
    read_description,
    read_text,
)
from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.description.violation import JobWarning, Violation
from airflow_provider_bcs.exceptions import InvalidJobError, JobSourceError, JobSyntaxError
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["DescriptionOperator"]

# Airflow masks five levels. EnvVars of a job are seven levels deep, keys of a cluster's mounts nine.
_MAX_NESTING = 16

H = TypeVar("H", bound=ServiceHook[Any, Any])


class DescriptionOperator(BaseOperator, Generic[H]):
    """Operator with a templated field that holds a description: a dict, text, the path of a file, or a model.

    Airflow stores the templated fields of a DAG, before and after they are rendered, and shows them to every reader of
    the DAG. So secrets in the field are ``***``, wherever they come from: the DAG file, a job file or a template.

    :param bcs_conn_id: id of the Airflow connection (templated)
    :param ignore: fields that the checks pass over
    :raises ValueError: when ``ignore`` is no list of names
    """

    template_ext: Sequence[str] = FILE_SUFFIXES
    hook_class: type[H]
    #: Name of the field, which is also the word for what it describes.
    described: ClassVar[str]
    #: Fields that may hold secrets: the described one, and others.
    secret_fields: ClassVar[tuple[str, ...]]
    #: Field -> its shown value, and its value with secrets.
    _hidden: Mapping[str, tuple[Any, Any]] = MappingProxyType({})

    def __init__(self, *, bcs_conn_id: str = DEFAULT_CONNECTION, ignore: Collection[str] = (), **kwargs: Any) -> None:
        check_ignore(ignore)
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.ignore = ignore

    @cached_property
    def hook(self) -> H:
        """The hook. Use it in ``execute`` only: before, ``bcs_conn_id`` may be a template."""
        return self.hook_class(self.bcs_conn_id)

    @abstractmethod
    def _violations(self, description: dict[str, Any], *, templates: bool) -> list[Violation]:
        """Return the rules that a description breaks."""

    def _warnings(self, description: dict[str, Any]) -> list[str]:
        """Return what is valid in a description but may surprise its author."""
        return []

    @abstractmethod
    def _near_field(self, name: str) -> str | None:
        """Return None for a field of the description, for another name the end of a sentence with the nearest one."""

    def problems(self, description: dict[str, Any], *, templates: bool) -> list[Violation]:
        """Return the violations of a description, without those of fields in ``ignore``."""
        return not_ignored(self._violations(description, templates=templates), self.ignore)

    def unknown_ignored(self, description: dict[str, Any]) -> dict[str, str]:
        """Return the names in ``ignore`` that stand for no known field and no finding, each with a sentence."""
        nears = {name: near for name in self.ignore if (near := self._near_field(name)) is not None}
        if not nears:
            return {}
        found = [item.path for item in self._violations(description, templates=True)]
        found += map(path_of_warning, self._warnings(description))
        return {
            name: f"ignore: found {name!r}, which is no field of this {self.described}{near}"
            for name, near in nears.items()
            if not any(is_ignored(path, [name]) for path in found)
        }

    @property
    def _description(self) -> Any:
        return getattr(self, self.described)

    @_description.setter
    def _description(self, value: Any) -> None:
        setattr(self, self.described, value)

    def _accept(self, given: JobSource) -> None:
        """Set the field to what the author gave; :meth:`resolve_template_files` reads a file later.

        :raises InvalidJobError: when the description breaks a rule
        """
        if isinstance(given, CheckedJob):
            self._description, self.template_ext = given.content, ()
            self._show(self.described, without_secrets(given.content))
            return
        if isinstance(given, os.PathLike):
            given = os.fspath(given)
        elif isinstance(given, DESCRIBED):
            # Templates are rendered in plain values, not in models.
            given = read_description(given)
        self._description = given
        if not self._is_file(given):
            self._take(given)

    def _is_file(self, given: Any) -> bool:
        return isinstance(given, str) and given.endswith(FILE_SUFFIXES) and not given.lstrip().startswith("{")

    def _take(self, given: Any, source: str = "") -> None:
        """Validate the description while the DAG file is parsed; values with a template are validated once rendered.

        From now on Airflow takes no value for a file: neither a rendered one, nor one inside the description that ends
        in ``.json``.
        """
        self.template_ext = ()
        source = source or f"The {self.described} of task {self.task_id}"
        if isinstance(given, str):
            try:
                # Airflow renders a dict value by value, so that a rendered value cannot change the structure.
                given = _parsed(given, source)
            except JobSyntaxError:
                if is_template(given):
                    # It may become JSON or YAML when it is rendered.
                    return
                raise
        if is_template(given):
            return
        self._description = given
        if violations := self.problems(given, templates=True):
            raise InvalidJobError(violations, source)
        ignored_in_vain = self.unknown_ignored(given).values()
        for text in (*warnings_not_ignored(self._warnings(given), self.ignore), *ignored_in_vain):
            warnings.warn(text, JobWarning, stacklevel=2)
        self._show(self.described, without_secrets(given))

    def _show(self, field: str, shown: Any) -> None:
        """Show another value in a field than the one that is used."""
        whole = getattr(self, field)
        if shown != whole:
            setattr(self, field, shown)
            self._hidden = {**self._hidden, field: (shown, whole)}

    def with_secrets(self, field: str | None = None) -> Any:
        """Return a field, by default the description, with the secrets that it shows as ``***``."""
        field = field or self.described
        now = getattr(self, field)
        return with_secrets(now, *self._hidden[field]) if field in self._hidden else now

    def resolve_template_files(self) -> None:
        """Read the file that the field names, if it names one, and validate it. Airflow calls this after parsing."""
        file = self._description if self._is_file(self._description) else None
        if file is not None and self.template_ext and os.path.isabs(file):
            # Airflow finds relative paths only, in the DAG file's folder and in template_searchpath.
            self._description = read_text(file)
        super().resolve_template_files()
        if file is None or not self.template_ext:
            return
        if self._description == file:
            folders = getattr(self.get_template_env().loader, "searchpath", [])
            advice = " Write a file that a template names as {% include ... %}." if is_template(file) else ""
            raise JobSourceError(
                f"The {self.described} file {file} of task {self.task_id} cannot be read;"
                f" looked in {', '.join(folders)}.{advice}"
            )
        self._take(self._description, source=file)

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        """Render the templated fields, after reading the file if that was not done yet.

        Airflow calls this method for mapped tasks too, and ``render_template_fields`` for others only.
        """
        if parent is self:
            self.resolve_template_files()
            for field in self._hidden:
                setattr(self, field, self.with_secrets(field))
            self._hidden = {}
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self:
            # Airflow stores the shown values after this method.
            with contextlib.suppress(JobSourceError):
                mask(secret_values(self._rendered()))
            for field in self.secret_fields:
                mask(secret_values(getattr(self, field)))
            for field in self.secret_fields:
                self._show(field, redact(without_secrets(getattr(self, field)), max_depth=_MAX_NESTING))

    def render_template(self, content: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Render a value and, in a dict, its keys too: the keys of InputMapping are OSS paths."""
        rendered = super().render_template(content, context, *args, **kwargs)
        if not isinstance(rendered, dict):
            return rendered
        return {
            super(DescriptionOperator, self).render_template(key, context, *args, **kwargs)
            if is_template(key)
            else key: value
            for key, value in rendered.items()
        }

    def _rendered(self) -> dict[str, Any]:
        # Not read_description: a rendered text must not be able to name a file.
        given = self.with_secrets()
        return _parsed(given, f"The rendered {self.described}") if isinstance(given, str) else read_description(given)


def _parsed(text: str, name: str) -> dict[str, Any]:
    """Parse JSON, or YAML when the name ends in .yaml or the text does not begin with a brace; open no file."""
    is_yaml = name.endswith((".yaml", ".yml")) or not text.lstrip("\ufeff \t\r\n").startswith("{")
    return parse_description(text, name=name, yaml=is_yaml)
