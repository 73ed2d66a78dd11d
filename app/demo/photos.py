"""Drawn stand-ins for site photos: plain enough to be small, different enough to tell before from after."""

from __future__ import annotations

import functools
import io
import random

from PIL import Image, ImageDraw, ImageFilter

_WALLS = ("#9aa39c", "#a7a294", "#8d98a3", "#a39a9a", "#98a08a")
SCENES = 20  # different ones, before and after


def draw(scene: int, after: bool) -> bytes:
    """A corridor with clutter (before) or cleared and marked (after), as JPEG."""
    out = io.BytesIO()
    _scene(scene, after).save(out, "JPEG", quality=72)
    return out.getvalue()


def _scene(seed: int, after: bool) -> Image.Image:
    chance = random.Random(f"{seed}{after}")  # a picture, no secret
    image = Image.new("RGB", (800, 600), _WALLS[seed % len(_WALLS)])
    pen = ImageDraw.Draw(image)
    pen.polygon([(0, 0), (800, 0), (520, 190), (280, 190)], fill="#d3d6cf")
    pen.polygon([(0, 600), (800, 600), (520, 410), (280, 410)], fill="#7c827d")
    pen.polygon([(0, 0), (280, 190), (280, 410), (0, 600)], fill="#aeb4ac")
    pen.polygon([(800, 0), (520, 190), (520, 410), (800, 600)], fill="#9da39b")
    pen.polygon([(330, 60), (470, 60), (440, 130), (360, 130)], fill="#f6f8f0")
    _door(pen, open_=after)
    if after:
        for left in (True, False):
            foot, head = (150, 320) if left else (650, 480)
            pen.line([(foot, 600), (head, 410)], fill="#d8b13b", width=9)
    else:
        for _one in range(9):
            _crate(pen, chance)
    return Image.blend(image, _noise(), 0.12).filter(ImageFilter.GaussianBlur(0.7))


@functools.cache
def _noise() -> Image.Image:
    return Image.effect_noise((800, 600), 26).convert("RGB")


def _door(pen: ImageDraw.ImageDraw, *, open_: bool) -> None:
    pen.rectangle((322, 222, 478, 410), fill="#4d5a55")
    pen.rectangle((328, 228, 398, 410), fill="#7b8b86")
    pen.rectangle((402, 228, 472, 410), fill="#dfe6df" if open_ else "#768681")
    pen.rectangle((366, 198, 434, 218), fill="#1f7a4d")
    if not open_:
        pen.arc((386, 322, 414, 356), 0, 180, fill="#caa24a", width=5)
        pen.rectangle((393, 350, 408, 364), fill="#b98a2c")


def _crate(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    depth = chance.random()
    size = 50 + depth * 120
    left = chance.choice((chance.uniform(40, 240), chance.uniform(480, 660))) - size / 2
    bottom = 420 + depth * 170
    pen.rounded_rectangle(
        (left, bottom - size * 0.8, left + size, bottom),
        6,
        fill=chance.choice(("#d9d0ba", "#cfc5ad", "#c0a878")),
        outline="#8f8468",
        width=2,
    )
    pen.line([(left + size * 0.5, bottom - size * 0.8), (left + size * 0.5, bottom)], fill="#8f8468", width=2)
