"""Open scenes (tests/support/scenes.py) in a browser."""

from tests.support.scenes import RENDERED
from tests.support.stage import Cast


class Theatre:
    """Opens scenes in a browser: one page for each person, on which the scenes follow each other."""

    def __init__(self, browser, site, **options):
        self.browser, self.site, self.options = browser, site, options
        self.cast = Cast()
        self.pages = {}

    def page_of(self, who):
        if who not in self.pages:
            context = self.browser.new_context(base_url=self.site.url, locale="en-GB", **self.options)
            context.set_default_timeout(60_000)
            cookies = self.cast.browser(who).cookies
            context.add_cookies(
                [
                    {"name": name, "value": found.value, "url": self.site.url}
                    for name, found in cookies.items()
                ]
            )
            self.pages[who] = context.new_page()
        return self.pages[who]

    def open(self, scene):
        """Return the page with the scene on it."""
        page = self.page_of(scene.who)
        path = scene.path.format(**self.cast.places)
        if scene.html:
            page.route(
                f"**{RENDERED}", lambda route: route.fulfill(body=scene.html, content_type="text/html")
            )
        page.goto(path)
        if scene.act:
            scene.act(page)
        return page

    def close(self):
        for page in self.pages.values():
            page.context.close()
