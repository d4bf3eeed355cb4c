"""Code of the page on the local service."""

from __future__ import annotations

import re

from tests.clients.environments import CHECKOUT

_PAGE = (CHECKOUT / "docs" / "local-service.md").read_text()


def blocks(title: str) -> list[str]:
    """Return the code under a heading of the page."""
    section = re.search(rf"^### {title}\n(.*?)(?=^##)", _PAGE, re.DOTALL | re.MULTILINE)
    assert section, title
    return re.findall(r"^```\w+\n(.*?)^```", section[1], re.DOTALL | re.MULTILINE)
