"""Looking for words in everything a browser left on its disk."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import brotli

# An entry of Chromium's simple cache: magic, version, length of the key, hash of the key, padding; then the key.
_ENTRY = struct.Struct("<QIIII")
_ENTRY_MAGIC = 0xFCFB6D1BA7725C30
_GZIP_MAGIC = b"\x1f\x8b\x08"
_PIECE = 4096


def find_words(folder: Path, words: list[str]) -> dict[str, list[str]]:
    """Which of the words stand in which files: as UTF-8, as UTF-16, or in what a cached answer unpacks to."""
    needles = {word: (word.encode(), word.encode("utf-16-le")) for word in words}
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        for form in (content, *_unpacked(content)):
            for word, kinds in needles.items():
                if any(kind in form for kind in kinds):
                    found.setdefault(word, []).append(str(path.relative_to(folder)))
    return found


def _unpacked(content: bytes) -> Iterator[bytes]:
    if len(content) > _ENTRY.size:
        magic, _, length, _, _ = _ENTRY.unpack_from(content)
        if magic == _ENTRY_MAGIC:
            yield _brotli(content[_ENTRY.size + length :])
    at = content.find(_GZIP_MAGIC)
    while at >= 0:
        yield _gzip(content[at:])
        at = content.find(_GZIP_MAGIC, at + 1)


def _brotli(packed: bytes) -> bytes:
    """As much of it as unpacks: what follows the answer in the file is not part of it."""
    unpacker, out = brotli.Decompressor(), b""
    try:
        for at in range(0, len(packed), _PIECE):
            out += unpacker.process(packed[at : at + _PIECE])
    except brotli.error:
        pass
    return out


def _gzip(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(packed)
    except (zlib.error, gzip.BadGzipFile):
        return b""
