"""What the operators share that are given a description: read it, check it while the DAG file is parsed, render it."""

from __future__ import annotations

import contextlib
import os
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowException, BaseOperator, redact

from airflow_provider_bcs.airflow_versions import mask
from airflow_provider_bcs.description.secrets import secret_values, with_secrets, without_secrets
from airflow_provider_bcs.description.source import (
    DESCRIBED,
    FILE_SUFFIXES,
    CheckedJob,
    JobSource,
    parse_job,
    read_job,
    read_text,
)
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import JobWarning, Violation
from airflow_provider_bcs.exceptions import InvalidJobError, JobSourceError, JobSyntaxError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

# Airflow masks what is five levels deep or less; EnvVars of a job stand seven levels deep, keys of a cluster's mounts
# nine.
_MAX_NESTING = 16


class DescriptionOperator(BaseOperator):
    """An operator with a templated field that holds a description: a dict, text, the path of a file, or a model.

    Airflow stores templated fields, with the DAG and once they are rendered, for all who may see these. So secrets are
    ``***`` in the field, be they of the DAG file, of a job file, or of a template.
    """

    template_ext: Sequence[str] = FILE_SUFFIXES
    #: The name of that field, which also says what is described.
    described: ClassVar[str]
    #: The fields that may hold secrets: that one, and others.
    secret_fields: ClassVar[tuple[str, ...]]
    #: Field -> what it shows, and what it holds.
    _hidden: Mapping[str, tuple[Any, Any]] = MappingProxyType({})

    @abstractmethod
    def _violations(self, description: dict[str, Any], *, templates: bool) -> list[Violation]:
        """Return what is wrong with a description."""

    def _warnings(self, description: dict[str, Any]) -> list[str]:
        """Return what is valid in a description, but may not do what its author expects."""
        return []

    @property
    def _description(self) -> Any:
        return getattr(self, self.described)

    @_description.setter
    def _description(self, value: Any) -> None:
        setattr(self, self.described, value)

    def _accept(self, given: JobSource) -> None:
        """Take what the author gave; a file is read later.

        :raises InvalidJobError: when it breaks a rule
        """
        if isinstance(given, CheckedJob):
            self._description, self.template_ext = dict(given), ()
            self._show(self.described, without_secrets(given))
            return
        if isinstance(given, os.PathLike):
            given = os.fspath(given)
        elif isinstance(given, DESCRIBED):
            # Templates are rendered in plain values, not in models.
            given = read_job(given)
        self._description = given
        if not self._is_file(given):
            self._take(given)

    def _is_file(self, given: Any) -> bool:
        return isinstance(given, str) and given.endswith(FILE_SUFFIXES) and not given.lstrip().startswith("{")

    def _take(self, given: Any, source: str = "") -> None:
        """Say what is wrong while the DAG file is parsed; what holds a template waits until it is rendered.

        From here on no value is taken for a file any more: neither one that a template is rendered to, nor one inside
        the description that happens to end in ``.json``.
        """
        self.template_ext = ()
        source = source or f"The {self.described} of task {self.task_id}"
        if isinstance(given, str):
            try:
                # A dict is rendered value by value: what a template gives cannot change the structure.
                given = _parsed(given, source)
            except JobSyntaxError:
                if is_template(given):
                    # It becomes JSON or YAML only by being rendered.
                    return
                raise
        if is_template(given):
            return
        self._description = given
        if violations := self._violations(given, templates=True):
            raise InvalidJobError(violations, source)
        for text in self._warnings(given):
            warnings.warn(text, JobWarning, stacklevel=2)
        self._show(self.described, without_secrets(given))

    def _show(self, field: str, shown: Any) -> None:
        """Have a field show something else than it holds."""
        whole = getattr(self, field)
        if shown != whole:
            setattr(self, field, shown)
            self._hidden = {**self._hidden, field: (shown, whole)}

    def with_secrets(self, field: str | None = None) -> Any:
        """Return a field, the description by default, with what is shown as ``***``."""
        field = field or self.described
        now = getattr(self, field)
        return with_secrets(now, *self._hidden[field]) if field in self._hidden else now

    def resolve_template_files(self) -> None:
        """Read the file, if there is one, and validate what is in it; called once a DAG file is parsed."""
        file = self._description if self._is_file(self._description) else None
        if file is not None and self.template_ext and os.path.isabs(file):
            # Airflow looks in folders only, the DAG file's and those of template_searchpath.
            self._description = read_text(file)
        super().resolve_template_files()
        if file is None or not self.template_ext:
            return
        if self._description == file:
            folders = getattr(self.get_template_env().loader, "searchpath", [])
            advice = " A file that a template names is written {% include ... %}." if is_template(file) else ""
            raise AirflowException(
                f"The {self.described} file {file} of task {self.task_id} cannot be read;"
                f" looked in {', '.join(folders)}.{advice}"
            )
        self._take(self._description, source=file)

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        """Render the templated fields; the file is read first where nobody has done that yet.

        Airflow calls this one for mapped tasks too, and ``render_template_fields`` not.
        """
        if parent is self:
            self.resolve_template_files()
            for field in self._hidden:
                setattr(self, field, self.with_secrets(field))
            self._hidden = {}
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self:
            # Before Airflow stores what it shows as rendered.
            with contextlib.suppress(JobSourceError):
                mask(secret_values(self._rendered()))
            for field in self.secret_fields:
                mask(secret_values(getattr(self, field)))
            for field in self.secret_fields:
                self._show(field, redact(without_secrets(getattr(self, field)), max_depth=_MAX_NESTING))

    def render_template(self, content: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Render a value, and in a dict the keys too: InputMapping has its OSS paths there."""
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
        # Never read_job for text: rendered text must not be able to name a file.
        given = self.with_secrets()
        return _parsed(given, f"The rendered {self.described}") if isinstance(given, str) else read_job(given)


def _parsed(text: str, name: str) -> dict[str, Any]:
    """Parse JSON, or YAML where the text is not an object in braces or came from such a file; never opens a file."""
    is_yaml = name.endswith((".yaml", ".yml")) or not text.lstrip("\ufeff \t\r\n").startswith("{")
    return parse_job(text, name=name, yaml=is_yaml)
