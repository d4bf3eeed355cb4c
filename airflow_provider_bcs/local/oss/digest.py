"""Checksums of an object: MD5, which is its ETag, and CRC-64/ECMA."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import crcmod

#: Bytes per read.
_BLOCK = 1 << 18
_CRC64_ECMA = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class Checksums:
    """Checksums of one content.

    :ivar md5: MD5 in hexadecimal; of an appended content, the MD5 of the previous ``md5`` and the appended bytes
    """

    md5: str
    crc64: int

    @property
    def etag(self) -> str:
        return f'"{self.md5.upper()}"'

    @property
    def content_md5(self) -> str:
        """MD5 in the form of the Content-MD5 header."""
        return base64.b64encode(bytes.fromhex(self.md5)).decode()


class Digest:
    """Incremental computation of the checksums.

    :param appended_to: checksums of the content that this content is appended to
    """

    def __init__(self, appended_to: Checksums | None = None) -> None:
        # The state of an MD5 cannot be stored: with the old MD5 as the seed, an append does not read the whole file.
        self._md5 = hashlib.md5(bytes.fromhex(appended_to.md5) if appended_to else b"", usedforsecurity=False)
        self._crc64 = appended_to.crc64 if appended_to else 0
        self.size = 0

    def update(self, data: bytes) -> None:
        self._md5.update(data)
        self._crc64 = _CRC64_ECMA(data, self._crc64)
        self.size += len(data)

    def checksums(self) -> Checksums:
        return Checksums(self._md5.hexdigest(), self._crc64)


def blocks(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from ``begin`` to before ``end``, regardless of the file position.

    A file that was truncated meanwhile yields fewer bytes.
    """
    while begin < end and (data := os.pread(file.fileno(), min(_BLOCK, end - begin), begin)):
        yield data
        begin += len(data)


def checksums_of(content: Iterable[bytes]) -> Checksums:
    """Return the checksums of a content."""
    digest = Digest()
    for data in content:
        digest.update(data)
    return digest.checksums()
