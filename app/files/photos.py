"""Photos: decoded, turned upright, stripped, re-encoded as JPEG. What the camera noted goes to columns."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageOps

from app.clock import SHANGHAI
from app.files.types import refuse
from app.i18n import _

MAX_PIXELS = 60_000_000  # a 48 megapixel phone fits, a pixel bomb does not
MAX_SIDE = 4096
THUMBNAIL = (480, 360)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "HEIF")
_GPS, _EXIF, _TAKEN, _OFFSET, _DATE = 0x8825, 0x8769, 0x9003, 0x9011, 0x0132

pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class Photo:
    """A photo ready to be stored."""

    width: int
    height: int
    taken_at: dt.datetime | None
    latitude: float | None
    longitude: float | None


def reencode(source: Path, target: Path, thumbnail: Path) -> Photo:
    """Write a clean JPEG and its thumbnail. Refuses what does not decode to its end and what is absurdly large."""
    try:
        with Image.open(source, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise refuse(_("照片尺寸过大，最多 6000 万像素"))
            exif = image.getexif()
            taken_at, position = _taken_at(exif), _position(exif)
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at a fitting scale, others ignore it
            image.load()
            clean = _clean(image)
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        EOFError,
        RuntimeError,
    ) as wrong:
        raise refuse(_("照片打不开或没有传完整，重新选择后再上传")) from wrong
    clean.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    clean.save(target, "JPEG", quality=88, optimize=True, exif=b"")
    photo = Photo(clean.width, clean.height, taken_at, *position)
    clean.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    clean.save(thumbnail, "JPEG", quality=80, optimize=True, exif=b"")
    return photo


def _clean(image: Image.Image) -> Image.Image:
    """Upright, in sRGB, without transparency and without anything attached."""
    upright = ImageOps.exif_transpose(image)
    profile = upright.info.get("icc_profile")
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        flat = Image.new("RGB", layer.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    if profile and upright.mode == "RGB":
        try:
            converted = ImageCms.profileToProfile(
                upright,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
            )
            upright = converted or upright
        except (ImageCms.PyCMSError, OSError):
            pass  # a damaged profile costs some colour, not the photo
    rgb = upright.convert("RGB")
    rgb.info = {}
    return rgb


def _taken_at(exif: Image.Exif) -> dt.datetime | None:
    """When the shot was taken; cameras write local time, phones add the offset. Without one it is Shanghai's."""
    details = exif.get_ifd(_EXIF)
    text = str(details.get(_TAKEN) or exif.get(_DATE) or "").strip("\0 ")
    try:
        at = dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None
    try:
        offset = dt.datetime.strptime(str(details.get(_OFFSET, "")).strip("\0 "), "%z").tzinfo
        at = at.replace(tzinfo=offset)
    except ValueError:
        pass
    return at.astimezone(dt.UTC) if at.year >= 1990 else None


def _position(exif: Image.Exif) -> tuple[float | None, float | None]:
    """Latitude and longitude in degrees (WGS 84); both or neither."""
    gps: Mapping[int, Any] = exif.get_ifd(_GPS)
    latitude = _degrees(gps.get(2), str(gps.get(1, "N")), 90)
    longitude = _degrees(gps.get(4), str(gps.get(3, "E")), 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(parts: Any, reference: str, limit: int) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        value = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not math.isfinite(value) or not 0 <= value <= limit:
        return None
    return round(-value if reference.strip("\0 ").upper() in ("S", "W") else value, 7)
