"""Base of the operators that take a description: read it, validate it while the DAG file is parsed, render it."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import warnings
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.providers.common.compat.sdk import BaseOperator, redact

from airflow_provider_bcs.airflow_versions import is_of_mapped_task, mask, renders_native_objects
from airflow_provider_bcs.description.checks import STRING
from airflow_provider_bcs.description.ignore import check_ignore, is_ignored, path_of_warning
from airflow_provider_bcs.description.secrets import secret_values, with_secrets, without_secrets
from airflow_provider_bcs.description.source import (
    DESCRIBED,
    FILE_SUFFIXES,
    CheckedJob,
    JobSource,
    PlainDescription,
    parse_description,
    read_description,
    read_text,
)
from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.exceptions import DescriptionError, InvalidJobError, JobSourceError, JobSyntaxError
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook
from airflow_provider_bcs.operators.doc import LazyDoc
from airflow_provider_bcs.short_errors import at_dag_line
from airflow_provider_bcs.task_errors import InvalidRenderedJobError, UnreadableRenderedJobError, final
from airflow_provider_bcs.xcom import is_missing

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.violation import Violation

__all__ = ["DescriptionOperator", "redact_all"]

# Airflow masks five levels. EnvVars of a job are seven levels deep, keys of a cluster's mounts nine.
_MAX_NESTING = 16
# One short expression or statement: it names the file that it includes, or the task that it pulls from. An error
# repeats no other template, because a description in it may hold secrets.
_TAG = re.compile(r"\{(\{[^{}\n]{1,200}\}|%[^{}\n]{1,200}%)\}")

H = TypeVar("H", bound=ServiceHook[Any, Any])


class DescriptionOperator(BaseOperator, Generic[H]):
    """Operator with a templated field that holds a description: a dict, text, the path of a file, or a model.

    Airflow stores the templated fields of a DAG, before and after they are rendered, and shows them to every reader of
    the DAG. So secrets in the field are ``***``, wherever they come from: the DAG file, a job file or a template.

    :param bcs_conn_id: id of the Airflow connection (templated)
    :param ignore: fields that the checks pass over
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises ValueError: when ``ignore`` is no list of names
    """

    template_ext: Sequence[str] = FILE_SUFFIXES
    #: Templated field -> annotation of its value, for a DAG with ``render_template_as_native_obj``; the described field
    #: has its model.
    template_types: ClassVar[Mapping[str, Any]] = MappingProxyType({"bcs_conn_id": str})
    doc_md = LazyDoc()
    hook_class: type[H]
    #: Name of the field, which is also the word for what it describes.
    described: ClassVar[str]
    #: Fields that may hold secrets: the described one, and others.
    secret_fields: ClassVar[tuple[str, ...]]
    #: The file that the description was read from, or the one tag that it was before it was rendered; may be empty.
    _file = ""
    _template = ""
    #: Field -> its shown value, and its value with secrets.
    _hidden: Mapping[str, tuple[Any, Any]] = MappingProxyType({})

    def __init__(
        self,
        *,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        ignore: Collection[str] = (),
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        check_ignore(ignore)
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.ignore = ignore

    @cached_property
    def hook(self) -> H:
        """The hook. Use it in ``execute`` only: before, ``bcs_conn_id`` may be a template."""
        return self.hook_class(self.bcs_conn_id)

    @abstractmethod
    def _check(
        self, description: JobSource, *, templates: bool, source: str = "", ignore: Collection[str]
    ) -> CheckedJob:
        """Return a description that breaks no rule, apart from those about the fields in ``ignore``.

        :raises InvalidJobError: when it breaks one; the error names ``source``
        """

    @abstractmethod
    def _typed(self, description: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        """Return a description in the form of its model, and the model."""

    @abstractmethod
    def _page_of(self, description: Mapping[str, Any]) -> str:
        """Return Markdown that says what a description is for. Values may hold templates."""

    def _page(self) -> str | None:
        # A description that is a template, or a file that is not read yet, is not known.
        return self._page_of(self._description) if isinstance(self._description, Mapping) else None

    def _near_field(self, name: str) -> str | None:
        """Return None for a field of the description, for another name the end of a sentence with the nearest one."""
        return None

    def problems(self, description: JobSource, *, templates: bool) -> list[Violation]:
        """Return the violations of a description, without those of fields in ``ignore``."""
        try:
            self._check(description, templates=templates, ignore=self.ignore)
        except InvalidJobError as error:
            return error.violations
        return []

    def unknown_ignored(self, description: JobSource) -> dict[str, str]:
        """Return the names in ``ignore`` that stand for no known field and no finding, each with a sentence."""
        nears = {name: near for name in self.ignore if (near := self._near_field(name)) is not None}
        if not nears:
            return {}
        try:
            known = [name for name in self.ignore if name not in nears]
            found = [*map(path_of_warning, self._check(description, templates=True, ignore=known).warnings)]
        except InvalidJobError as error:
            found = [item.path for item in error.violations]
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

    @at_dag_line
    def _accept(self, given: JobSource) -> None:
        """Set the field to what the author gave; :meth:`resolve_template_files` reads a file later.

        :raises InvalidJobError: when the description breaks a rule
        :raises InvalidRenderedJobError: the same, of a mapped task, whose operators Airflow makes in the worker
        """
        try:
            self._accept_given(given)
        except DescriptionError as error:
            raise (final(error) if is_of_mapped_task(self) else error) from None

    def _accept_given(self, given: JobSource) -> None:
        if isinstance(given, CheckedJob):
            self._description, self.template_ext, self._file = given.content, (), given.source
            self._show(self.described, without_secrets(given.content))
            return
        if isinstance(given, os.PathLike):
            given = os.fspath(given)
        elif isinstance(given, DESCRIBED):
            # Templates are rendered in plain values, not in models.
            given = PlainDescription(read_description(given))
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
                given = PlainDescription(_parsed(given, source))
            except JobSyntaxError:
                if is_template(given):
                    # It may become JSON or YAML when it is rendered.
                    return
                raise
        if is_template(given):
            return
        checked = self._check(given, templates=True, source=source, ignore=self.ignore)
        for text in (*checked.warnings, *self.unknown_ignored(given).values()):
            warnings.warn(text, JobWarning, stacklevel=2)
        self._description = checked.content
        self._show(self.described, without_secrets(self._description))

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
        text = self._description
        self._file = file
        try:
            self._take(text, source=file)
        except DescriptionError as error:
            # Only an error needs this import, and the lines.
            from airflow_provider_bcs.batchcompute.file_lines import in_file

            raise in_file(error, file, text) from None

    def _field_types(self) -> dict[str, Any]:
        """Return the annotations of the templated fields, with that of the described one."""
        model: Any = Any
        if isinstance(self._description, dict):
            self._description, model = self._typed(self._description)
        return {**self.template_types, self.described: model}

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Context, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Render the templated fields, after reading the file if that was not done yet.

        Airflow calls this method for mapped tasks too, and ``render_template_fields`` for others only.

        :raises UnreadableRenderedJobError: when the file of a mapped task is not JSON or YAML
        :raises InvalidRenderedJobError: when its description breaks a rule
        """
        if parent is self:
            try:
                self.resolve_template_files()
            except DescriptionError as error:
                raise final(error) from None
            for field in self._hidden:
                setattr(self, field, self.with_secrets(field))
            self._hidden = {}
            if isinstance(self._description, str) and _TAG.fullmatch(self._description):
                self._template = without_secrets(self._description)
            if renders_native_objects(self):
                from airflow_provider_bcs.typed_templates import type_templates

                type_templates(self, template_fields, self._field_types(), seen_oids)
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        if parent is self:
            # Airflow stores the shown values after this method.
            with contextlib.suppress(JobSourceError):
                mask(secret_values(self._rendered()))
            for field in self.secret_fields:
                mask(secret_values(getattr(self, field)))
            for field in self.secret_fields:
                self._show(field, redact_all(without_secrets(getattr(self, field))))

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

    def _rendered(self) -> Mapping[str, Any]:
        # Not read_description: a rendered text must not be able to name a file.
        given = self.with_secrets()
        if not isinstance(given, str):
            return given if isinstance(given, Mapping) else PlainDescription(read_description(given))
        try:
            return PlainDescription(_parsed(given, self._rendered_name, self._file))
        except JobSyntaxError:
            if renders_native_objects(self):
                # A dict inside a text, as Airflow renders it with the option.
                with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                    if isinstance(literal := ast.literal_eval(given), dict):
                        return PlainDescription(read_description(literal))
            raise

    @property
    def _rendered_name(self) -> str:
        if self._file:
            return f"{self._file} as rendered"
        name = f"The rendered {self.described} of task {self.task_id}"
        return f"{name} ({self._template})" if self._template else name

    def _checked(self) -> CheckedJob:
        """Return the rendered description, read and checked.

        :raises UnreadableRenderedJobError: when it is not JSON or YAML
        :raises InvalidRenderedJobError: when it breaks a rule
        """
        name = self._rendered_name
        if is_missing(given := self._description):
            raise UnreadableRenderedJobError(
                f"{name}: found {given!r}; expected an object. Does its template find a value?"
            )
        try:
            return self._check(self._rendered(), templates=False, source=name, ignore=self.ignore)
        except JobSyntaxError as error:
            raise final(error) from error
        except InvalidJobError as error:
            if renders_native_objects(self) and any(STRING.tail in found.message for found in error.violations):
                name += " with render_template_as_native_obj=True, which makes numbers, lists and booleans of texts,"
            raise InvalidRenderedJobError(error.violations, name) from None


def redact_all(value: Any) -> Any:
    """Return a value with ``***`` for the secrets that Airflow knows, at every level of a description."""
    return redact(value, max_depth=_MAX_NESTING)


def _parsed(text: str, name: str, file: str = "") -> dict[str, Any]:
    """Parse JSON, or YAML when the file ends in .yaml or the text does not begin with a brace; open no file."""
    is_yaml = (file or name).endswith((".yaml", ".yml")) or not text.lstrip("\ufeff \t\r\n").startswith("{")
    return parse_description(text, name=name, yaml=is_yaml)
