"""Small real files of every kind, made on the spot."""

from __future__ import annotations

import io
import zipfile

import pillow_heif
from PIL import Image

GPS, EXIF = 0x8825, 0x8769


def photo(kind: str = "JPEG", size: tuple[int, int] = (320, 200), colour: str = "teal", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def photo_with_place(latitude: float = 37.5, longitude: float = 121.4) -> bytes:
    """A JPEG as a phone writes it: time with offset, position, orientation, and a trailer that hides text."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x0132] = "2026:04:09 10:20:30"
    exif.get_ifd(EXIF)[0x9003] = "2026:04:09 10:20:30"
    exif.get_ifd(EXIF)[0x9011] = "+08:00"
    gps = exif.get_ifd(GPS)
    gps[1], gps[2] = "N", (latitude, 0.0, 0.0)
    gps[3], gps[4] = "E", (longitude, 0.0, 0.0)
    return photo(exif=exif) + b"TRAILER-SECRET"


def heic(size: tuple[int, int] = (320, 200)) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", size, "navy")).save(out, quality=60)
    return out.getvalue()


def document(*names: str, kind: str = "word") -> bytes:
    """The outline of an Office file, with more members if wanted."""
    out = io.BytesIO()
    main = {"word": "word/document.xml", "excel": "xl/workbook.xml"}[kind]
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", main, *names):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("anything.exe", b"MZ")
    return out.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
