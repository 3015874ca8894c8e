"""Load the user guide: docs/guide/*.md as HTML, with links between files replaced by links of the site."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

FOLDER = Path(settings.BASE_DIR) / "docs" / "guide"
FIRST_PAGE = "index"
LINK = re.compile(r"\(([a-z0-9-]+)\.md[)#]")


@dataclass(frozen=True)
class GuidePage:
    slug: str
    title: str
    html: SafeString

    @property
    def url(self) -> str:
        return address_of(self.slug)


def pages() -> list[GuidePage]:
    """Return all pages, in the order in which the first page links to them."""
    found = {path.stem: load(path, path.stat().st_mtime_ns) for path in sorted(FOLDER.glob("*.md"))}
    order = [FIRST_PAGE, *LINK.findall((FOLDER / f"{FIRST_PAGE}.md").read_text(encoding="utf-8"))]
    return [found[slug] for slug in dict.fromkeys([*order, *found]) if slug in found]


def address_of(slug: str) -> str:
    return reverse("site:docs_index") if slug == FIRST_PAGE else reverse("site:docs", args=[slug])


@lru_cache(maxsize=100)
def load(path: Path, changed_at: int) -> GuidePage:
    """Return a page. `changed_at` (nanoseconds) is part of the cache key: a changed file is read again."""
    heading, _, text = path.read_text(encoding="utf-8").lstrip().partition("\n")
    converter = Markdown(extensions=["tables", "fenced_code", "sane_lists", "toc", SiteLinks()])
    # With a tabindex, the keyboard can scroll a block that is wider than the page.
    found = converter.convert(text).replace("<pre>", '<pre tabindex="0">')
    # These are our own files, reviewed like code: their markup is safe.
    html = mark_safe(found)  # noqa: S308
    return GuidePage(slug=path.stem, title=heading.lstrip("# ").strip(), html=html)


class SiteLinks(Extension):
    """Replace the repository's relative links by links of the site."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.treeprocessors.register(LinkProcessor(md), "site-links", 0)


class LinkProcessor(Treeprocessor):
    def run(self, root: Element) -> None:
        for link in root.iter("a"):
            link.set("href", page_address(link.get("href", "")))
        for image in root.iter("img"):
            image.set("src", picture_address(image.get("src", "")))


def page_address(href: str) -> str:
    target, mark, fragment = href.partition("#")
    if "/" in target or not target.endswith(".md"):
        return href
    return address_of(target.removesuffix(".md")) + mark + fragment


def picture_address(src: str) -> str:
    return static(src.replace("pictures/", "guide/", 1)) if src.startswith("pictures/") else src
