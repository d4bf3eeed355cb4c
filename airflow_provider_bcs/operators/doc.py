"""The text that Airflow's UI shows on the page of a task."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["LazyDoc"]


class LazyDoc:
    """Attribute ``doc_md`` of an operator: the author's text, else one that is made when Airflow reads it.

    That is the text of the operator's ``_page``, else the first paragraph about its class. Airflow reads it to store
    the DAG. A worker that parses the DAG file to run one task makes no text.
    """

    def __get__(self, operator: Any, owner: type | None = None) -> Any:
        if operator is None:
            return self
        given = vars(operator).get("doc_md")
        return given if given is not None else operator._page() or _summary(type(operator))

    def __set__(self, operator: Any, value: str | None) -> None:
        vars(operator)["doc_md"] = value


def _summary(cls: type) -> str:
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
