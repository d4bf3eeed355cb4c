"""XML documents of OSS requests and responses."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from urllib.parse import quote

from starlette.responses import Response

from airflow_provider_bcs.local.account import ACCOUNT_ID

from . import errors

#: An element: its name, and its text or its child elements.
Element = tuple[str, "str | Iterable[Element]"]

#: The account, which owns every bucket and object.
OWNER: Element = ("Owner", [("ID", str(ACCOUNT_ID)), ("DisplayName", str(ACCOUNT_ID))])

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(name: str, content: str | Iterable[Element]) -> bytes:
    """Return a document of text or elements; U+FFFD replaces characters that XML does not allow."""
    root = _element(name, content)
    document: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document


def _element(name: str, content: str | Iterable[Element]) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, str):
        element.text = _NO_XML.sub("\ufffd", content)
    else:
        element.extend(_element(*child) for child in content)
    return element


class _Builder(ElementTree.TreeBuilder):
    """Builder that refuses a DOCTYPE: nested entities could expand to gigabytes, and no OSS client declares any."""

    def doctype(self, *_: object) -> None:
        raise errors.malformed_xml("found a DOCTYPE; expected none")


def read(body: bytes, name: str) -> ElementTree.Element:
    """Return the root element of a document.

    :raises ErrorResponse: MalformedXML, unless the body is XML with the root element ``name``
    """
    try:
        root = ElementTree.fromstring(body, ElementTree.XMLParser(target=_Builder()))  # noqa: S314 - without entities
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise errors.malformed_xml(str(error)) from None
    if root.tag.rpartition("}")[2] != name:
        raise errors.malformed_xml(f"root element: found {root.tag}; expected {name}")
    return root


def time(seconds: float) -> str:
    """Return a time in the format of OSS documents, ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def encoder(encoding: str) -> Callable[[str], str]:
    """Return the function that encodes keys for the query parameter ``encoding-type``.

    :raises ErrorResponse: InvalidArgument, unless it is empty or ``url``
    """
    if encoding not in ("", "url"):
        raise errors.invalid_argument("encoding-type", encoding, "url")
    return (lambda text: quote(text, safe="")) if encoding else str


def response(name: str, content: str | Iterable[Element], headers: Mapping[str, str] | None = None) -> Response:
    """Return a document as an HTTP response."""
    return Response(write(name, content), headers=headers, media_type="application/xml")
