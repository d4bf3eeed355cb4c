"""Page of the multipart uploads of a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .multipart import Upload


@dataclass(frozen=True)
class UploadPage:
    """Page of uploads and common prefixes.

    :ivar prefixes: common prefixes, in order
    :ivar next: NextKeyMarker and NextUploadIdMarker; both are empty on the last page
    """

    uploads: list[Upload]
    prefixes: list[str]
    next: tuple[str, str]


def upload_page(
    uploads: Sequence[Upload], prefix: str, delimiter: str, after: tuple[str, str], size: int
) -> UploadPage:
    """Return the next ``size`` uploads and common prefixes.

    :param uploads: all uploads, ordered by key and UploadId
    :param after: key-marker and upload-id-marker; without an upload-id-marker, the page begins with the next key
    """
    found = UploadPage([], [], ("", ""))
    last = ("", "")
    for upload in uploads:
        head, is_below, _ = upload.key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        common = prefix + head + delimiter if is_below else ""
        if not upload.key.startswith(prefix) or not _is_after(common or upload.key, upload.id, after):
            continue
        if common and common == last[0]:
            continue
        if len(found.uploads) + len(found.prefixes) == size:
            return UploadPage(found.uploads, found.prefixes, last)
        if common:
            found.prefixes.append(common)
            last = (common, "")
        else:
            found.uploads.append(upload)
            last = (upload.key, upload.id)
    return found


def _is_after(entry: str, upload_id: str, after: tuple[str, str]) -> bool:
    key, id_marker = after
    return entry > key or (bool(id_marker) and entry == key and upload_id > id_marker)
