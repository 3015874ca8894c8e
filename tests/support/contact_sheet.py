"""Take a picture of every page in every state, in four looks: the second half of `make pictures`.

`test-results/pages/index.html` shows them side by side. That folder is not committed.
"""

import logging
import re
import sys
import time
from html import escape

from django.core.management import call_command
from django.db import connection
from django.test.utils import setup_test_environment
from playwright.sync_api import sync_playwright

from tests.support.environment import ROOT  # sets Django up for the imports that follow

# isort: split
from tests.conftest import CHROMIUM_OPTIONS
from tests.support.machine import find_chromium
from tests.support.scenes import every_scene
from tests.support.servers import start_site
from tests.support.theatre import Theatre

FOLDER = ROOT / "test-results" / "pages"
LOOKS = {
    "wide-light": (1280, "light"),
    "wide-dark": (1280, "dark"),
    "narrow-dark": (390, "dark"),
    "narrow-light": (390, "light"),
}
TALLEST = 4000  # pixels; more of a list than that says nothing new


def take_all(browser, site, wanted=""):
    """Take the pictures of all scenes, or of those whose name fits the pattern; return what went wrong."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    theatre, problems, taken = Theatre(browser, site, reduced_motion="reduce"), [], []
    for scene in every_scene():
        if not re.search(wanted, scene.name):
            continue
        try:
            take(theatre.open(scene), scene)
            taken.append(scene)
        except Exception as problem:  # one page that can't be opened leaves the others
            problems.append(f"{scene.name}: {problem!r}"[:300])
    theatre.close()
    write_index(taken)
    return problems


def take(page, scene):
    # Twice as many changes of width cost twice the time.
    for look, (width, colours) in LOOKS.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        clip = {"x": 0, "y": 0, "width": width, "height": max(height, 400)}
        page.screenshot(path=path_of(scene, look), clip=clip, full_page=True, animations="disabled")


def path_of(scene, look):
    return FOLDER / f"{re.sub('[^a-z0-9]+', '-', scene.name.lower()).strip('-')}.{look}.png"


def write_index(scenes):
    """Write the page that shows all pictures."""
    rows = []
    for scene in scenes:
        names = [path_of(scene, look).name for look in LOOKS]
        pictures = "".join(
            f'<a href="{name}"><img src="{name}" loading="lazy" alt="{name}"></a>' for name in names
        )
        rows.append(
            f"<h2>{escape(scene.name)}</h2><p><code>{escape(scene.path)}</code></p><div>{pictures}</div>"
        )
    style = "body{font:15px sans-serif}div{display:flex;align-items:start;gap:8px}"
    style += "img{border:1px solid #999;height:480px}"
    (FOLDER / "index.html").write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><title>Every page</title><style>{style}</style>{"".join(rows)}'
    )


def main(wanted=""):
    program = find_chromium()
    if program is None:
        raise SystemExit("No Chromium on this machine (Debian: apt-get install chromium).")
    began = time.monotonic()
    logging.disable()
    setup_test_environment()
    call_command("migrate", verbosity=0)
    site = start_site(f"sqlite:///{connection.settings_dict['NAME']}")
    try:
        with sync_playwright() as playwright:
            options = {"executable_path": program, "args": [*CHROMIUM_OPTIONS, "--no-sandbox"]}
            browser = playwright.chromium.launch(**options)
            problems = take_all(browser, site, wanted)
            browser.close()
    finally:
        site.stop()
    print(f"{FOLDER.relative_to(ROOT)}/index.html  {time.monotonic() - began:.0f} s")
    if problems:
        raise SystemExit("Not every page could be opened:\n" + "\n".join(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
