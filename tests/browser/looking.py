"""What is wrong with a page as it looks now: by axe-core, and by rules of our own that it has not."""

from importlib.resources import files
from pathlib import Path

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RUN_AXE = """async options => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
    const why = node => (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? "";
    const told = (id, node) => `${id}: ${node.html.slice(0, 160)} ${why(node)}`;
    return violations.flatMap(({ id, nodes }) => nodes.map(node => told(id, node)));
}"""
# Without axe's own best practices, which are about pages of our making.
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}

LIBRARY = (Path(__file__).parent / "looking.js").read_text()


def begin(page):
    """Have the page answer `check` and `axe`."""
    page.evaluate(LIBRARY)
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)


def check(page, name, *arguments):
    return page.evaluate(f"parameters => window.looking.{name}(...parameters)", list(arguments))


def axe(page, options=None):
    return page.evaluate(RUN_AXE, options or {})


class States:
    """Puts all controls of a page into a state at once, as a mouse could one by one."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.session.send("DOM.enable")
        self.session.send("CSS.enable")
        root = self.session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
        selector = {"nodeId": root, "selector": "a, button, input, select, textarea, summary"}
        self.nodes = self.session.send("DOM.querySelectorAll", selector)["nodeIds"]

    def force(self, *states):
        for node in self.nodes:
            self.session.send("CSS.forcePseudoState", {"nodeId": node, "forcedPseudoClasses": states})

    def close(self):
        self.session.detach()


LOOKS = [(1280, "light"), (390, "dark")]
NARROWEST = 320  # pixels: what 1280 are at a zoom of 400 %


def look_at(page):
    """Return what is wrong with the page in every look and state, as a list of sentences."""
    begin(page)
    found = [("structure", problem) for problem in check(page, "structure")]
    for width, colours in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)
        found += [(f"{width} px", problem) for problem in axe(page) + look_at_controls(page, 24)]
        found += [(f"{colours} {state}", problem) for state, problem in look_at_states(page)]
    found += look_by_touch(page)
    found += look_without_colours(page)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    found += [(f"{NARROWEST} px", problem) for problem in check(page, "tooWide")]
    return list(dict.fromkeys(f"{where}: {problem}" for where, problem in found))


def look_now(page):
    """Return what is wrong with the page as it stands, at the width that it has."""
    begin(page)
    return axe(page) + check(page, "tooWide")


def look_at_controls(page, least):
    return [
        *check(page, "sizes", least),
        *check(page, "order"),
        *check(page, "focus"),
        *check(page, "tooWide"),
    ]


def look_at_states(page):
    """Yield (state, problem) for contrast while controls are hovered, focused and pressed."""
    states = States(page)
    for state in (["hover"], ["focus", "focus-visible"], ["hover", "active"]):
        states.force(*state)
        yield from ((state[-1], problem) for problem in axe(page, CONTRAST))
    states.force()
    states.close()


def look_by_touch(page):
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    found = [("touch", problem) for problem in [*check(page, "sizes", 44), *check(page, "sizes", 24)]]
    found += [("touch", problem) for problem in [*check(page, "order"), *check(page, "tooWide")]]
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    session.detach()
    return found


def look_without_colours(page):
    page.emulate_media(forced_colors="active")
    found = [("forced colours", problem) for problem in [*check(page, "borders"), *check(page, "focus")]]
    page.emulate_media(forced_colors="none")
    return found


def look_by_axe(page, looks=LOOKS):
    """Return what axe finds in these looks on a page that is not made of our style sheet alone."""
    begin(page)
    found = []
    for width, colours in looks:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)
        page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
        found += [f"{width} px, {colours}: {problem}" for problem in axe(page, WCAG)]
    return found
