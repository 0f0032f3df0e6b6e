"""docs/screenshots shows every picture that lies there, and each is there."""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
SHOWN = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
KINDS = {f"{theme}-{width}" for theme in ("light", "dark") for width in (1280, 390)}


def test_every_picture_that_is_shown_is_there_and_every_picture_is_shown_once() -> None:
    assert sorted(SHOWN) == sorted(path.name for path in FOLDER.glob("*.png"))


def test_every_page_is_shown_in_both_themes_and_widths() -> None:
    pages: dict[str, set[str]] = {}
    for picture in SHOWN:
        page, theme, width = picture.removesuffix(".png").rsplit("-", 2)
        pages.setdefault(page, set()).add(f"{theme}-{width}")
    assert pages
    assert {page for page, kinds in pages.items() if kinds != KINDS} == set()


def test_the_pictures_are_small_together() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.png")) < 2_000_000
