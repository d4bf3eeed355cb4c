"""Models of the answers about apps."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from airflow_provider_bcs.http.response import Response, Time


class CreatedApp(Response):
    """Answer to CreateApp; the name of an app is its id."""

    Name: str


class App(Response):
    """App with the parameters and settings that a job gives values to."""

    Name: str
    Scope: str = ""
    Description: str = ""
    OwnerId: int | str = 0
    Revision: int = 0
    CreationTime: Time = None
    UpdateTime: Time = None
    InputParameters: dict[str, Any] = Field(default_factory=dict)
    OutputParameters: dict[str, Any] = Field(default_factory=dict)
    # A value of this name in the class would be taken for pydantic's own configuration.
    Config: Annotated[dict[str, Any], Field(default_factory=dict)]


class AppDetail(App):
    """One revision of an app, with its program."""

    CommandLine: str = ""
    Docker: dict[str, Any] = Field(default_factory=dict)
    VM: dict[str, Any] = Field(default_factory=dict)
    EnvVars: dict[str, Any] = Field(default_factory=dict, repr=False)
    Daemonize: bool = False


class AppRevision(Response):
    """Revision of an app; numbers begin with 0."""

    Revision: int
    UpdateTime: Time = None
