"""Headers of the page: a browser may use the page's own style and script, and nothing else."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from .assets import SCRIPT, STYLE

_FRAME_OPTIONS = {"'none'": "DENY", "'self'": "SAMEORIGIN"}


def page_headers(framed_by: str) -> dict[str, str]:
    """Return the headers of a response that holds a page.

    :param framed_by: the sites that may show the page inside theirs: ``'none'`` or ``'self'``, with the quotes

    >>> page_headers("'self'")["X-Frame-Options"]
    'SAMEORIGIN'
    """
    policy = (
        "default-src 'none'",
        f"style-src {_source(STYLE)}",
        f"script-src {_source(SCRIPT)}",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {framed_by}",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": _FRAME_OPTIONS[framed_by],
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
