"""The connection form of Airflow 2, made from the same table as that of Airflow 3."""

from __future__ import annotations

from typing import Any

from airflow_provider_bcs.provider_info import CONNECTION_FIELDS

__all__ = ["connection_form_widgets"]


def connection_form_widgets() -> dict[str, Any]:
    """Return one WTForms field for each extra field of a ``bcs`` connection."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from flask_babel import lazy_gettext
    from wtforms import PasswordField, StringField

    widgets = {}
    for name, field in CONNECTION_FIELDS.items():
        secret = field["schema"].get("format") == "password"
        widgets[name] = (PasswordField if secret else StringField)(
            lazy_gettext(field["label"]),
            description=field["description"],
            widget=(BS3PasswordFieldWidget if secret else BS3TextFieldWidget)(),
        )
    return widgets
