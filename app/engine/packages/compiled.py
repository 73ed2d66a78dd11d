"""The parsed form of a definition, kept beside its files: sealed, because restoring it builds objects."""

from __future__ import annotations

import hashlib
import hmac
import zlib

from app.engine.packages.compiling import compile_package
from app.engine.packages.package import Package
from app.engine.running.serializing import VERSION, Specs, restore_specs

NAME = ".compiled"


def sealed(package: Package, secret: bytes, content_hash: str) -> bytes:
    """Compile the package and seal the result: HMAC, newline, compressed specs. Raises CompileError."""
    body = zlib.compress(compile_package(package), 6)
    return _mac(body, secret, content_hash) + b"\n" + body


def specs_of(package: Package, kept: bytes, secret: bytes, content_hash: str) -> Specs:
    """Specs from what was kept; compiled anew when it was written by another version or does not match its seal."""
    mac, _newline, body = kept.partition(b"\n")
    if kept and hmac.compare_digest(mac, _mac(body, secret, content_hash)):
        return restore_specs(zlib.decompress(body), content_hash)
    return restore_specs(compile_package(package), content_hash)


def _mac(body: bytes, secret: bytes, content_hash: str) -> bytes:
    return hmac.new(secret, f"{VERSION}|{content_hash}|".encode() + body, hashlib.sha256).hexdigest().encode()
