"""PAI-DLC jobs that the local service can run."""

from __future__ import annotations

from typing import Any

from tests.dlc.bodies import body, role


def job(command: str = "true", pods: int = 1, **fields: Any) -> dict[str, Any]:
    """A job of ``pods`` pods that run a shell script."""
    return body(UserCommand=command, **{"JobSpecs": [role(PodCount=pods)], **fields})
