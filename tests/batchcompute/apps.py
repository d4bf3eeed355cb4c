"""App descriptions for tests, and jobs that run them."""

from __future__ import annotations

from typing import Any


def app(**fields: Any) -> dict[str, Any]:
    """A valid app, which sorts the lines of a file."""
    return {
        "Name": "sort",
        "CommandLine": "sort -o ${sorted} ${words}",
        "Docker": {"Image": "ubuntu"},
        "InputParameters": {"words": {"LocalPath": "/home/in/words.txt"}},
        "OutputParameters": {"sorted": {"LocalPath": "/home/out/sorted.txt"}},
        **fields,
    }


def command(line: str, **fields: Any) -> dict[str, Any]:
    """A valid app without parameters."""
    return app(CommandLine=line, InputParameters={}, OutputParameters={}, **fields)


def app_job(name: str = "sort", **fields: Any) -> dict[str, Any]:
    """A valid job of an app; ``fields`` are those of its App."""
    return {"Name": "an app job", "Type": "App", "App": {"AppName": name, **fields}}
