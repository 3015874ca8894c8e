"""What is wrong with a page as it looks now: by axe-core, and by rules of our own that it has not."""

from importlib.resources import files

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RUN_AXE = """async options => (await axe.run(document, { resultTypes: ["violations"], ...options })).violations.flatMap(
    found => found.nodes.map(node => `${found.id}: ${node.html.slice(0, 160)} ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`)
)"""
# Without axe's own best practices, which are about pages of our making.
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}

LIBRARY = """() => {
    if (window.looking) return;
    const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    const shown = element => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".visually-hidden");
    const controls = () => [...document.querySelectorAll(CONTROLS)].filter(shown).filter(
        element => !element.classList.contains("skip-link") && !element.closest("[data-not-ours]"));
    const named = element => element.outerHTML.replace(/\\s+/g, " ").slice(0, 130);
    // A box or a button of a choice is as big as it and its label are.
    const rect = element => {
        const rects = [element, ...(/checkbox|radio/.test(element.type) ? element.labels : [])].map(e => e.getBoundingClientRect());
        const [left, top] = [Math.min(...rects.map(r => r.left)), Math.min(...rects.map(r => r.top))];
        const [right, bottom] = [Math.max(...rects.map(r => r.right)), Math.max(...rects.map(r => r.bottom))];
        return { left, top, right, bottom, width: right - left, height: bottom - top };
    };
    // A link in a sentence is as high as its line.
    const inSentence = element => element.tagName === "A" && getComputedStyle(element).display === "inline";
    const isMain = element => element.matches(".button, .menu-item, .side-nav a, .topbar-link, select, summary, input");

    function structure() {
        const found = [];
        for (const [what, count] of [["h1", 1], ["main", 1]]) {
            const there = [...document.querySelectorAll(what)].filter(shown).length;
            if (there !== count) found.push(`${there} ${what}`);
        }
        if (!document.title.trim()) found.push("no title");
        let level = 0;
        for (const heading of [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown)) {
            const here = Number(heading.tagName[1]);
            if (here > level + 1) found.push(`a heading of level ${here} after one of ${level}: ${named(heading)}`);
            level = here;
        }
        for (const element of document.querySelectorAll("[tabindex]")) {
            if (element.tabIndex > 0) found.push(`a tabindex: ${named(element)}`);
        }
        for (const status of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
            if (status.closest("button, a, summary, label")) found.push(`a status inside a control: ${named(status)}`);
        }
        for (const field of document.querySelectorAll("input[type=password], input[name=code]:not([type=hidden])")) {
            if (field.closest("main") && !field.autocomplete) found.push(`no autocomplete: ${named(field)}`);
            if (field.onpaste) found.push(`can't paste: ${named(field)}`);
        }
        for (const nav of document.querySelectorAll("nav")) {
            if (!nav.ariaLabel && !nav.getAttribute("aria-labelledby")) found.push(`a nav without a name: ${named(nav)}`);
        }
        const current = [...document.querySelectorAll(".side-nav a")];
        if (current.length && current.filter(link => link.ariaCurrent === "page").length > 1) found.push("two current pages");
        const help = [...document.querySelectorAll("a")].some(link => link.pathname?.startsWith("/docs"));
        if (!help) found.push("no link to the documentation");
        return found;
    }

    function sizes(least) {
        return controls().filter(element => !inSentence(element) && (least <= 24 || isMain(element))).flatMap(element => {
            const { width, height } = rect(element);
            const ok = height >= least - 0.5 && width >= 24 - 0.5;
            return ok ? [] : [`${Math.round(width)}x${Math.round(height)} px: ${named(element)}`];
        });
    }

    // Where two controls stand one above the other, the upper one comes first.
    function order() {
        const found = [];
        const inside = controls().filter(element => element.closest("main"));
        for (let index = 1; index < inside.length; index += 1) {
            const [before, after] = [inside[index - 1], inside[index]];
            const [a, b] = [rect(before), rect(after)];
            const overlap = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            if (b.bottom <= a.top + 1 && overlap > 0) found.push(`${named(after)} stands above ${named(before)}`);
        }
        return found;
    }

    function tooWide() {
        const width = document.documentElement.clientWidth;
        const over = document.documentElement.scrollWidth - width;
        const found = over > 0 ? [`${over} px too wide`] : [];
        const scrolls = element => element && element !== document.body
            && (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
        for (const element of document.querySelectorAll("body *")) {
            if (!shown(element) || element.closest(".skip-link, svg, thead") || scrolls(element)) continue;
            const right = element.getBoundingClientRect().right;
            if (right > width + 1) found.push(`ends at ${Math.round(right)} of ${width} px: ${named(element)}`);
        }
        return found;
    }

    function focus() {
        const was = document.activeElement;
        const opened = [...document.querySelectorAll("details[open]")];
        const reopen = () => opened.forEach(details => { details.open = true; });  // menus close when one leaves them
        const found = controls().filter(element => !element.disabled).flatMap(element => {
            reopen();
            element.focus({ focusVisible: true, preventScroll: true });
            if (document.activeElement !== element) return [`can't be focused: ${named(element)}`];
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 ? [] : [`focus can't be seen: ${named(element)}`];
        });
        was?.focus({ preventScroll: true });
        reopen();
        return found;
    }

    // Without our colours a border says what a button is, and which page of a menu is open.
    function borders() {
        const bordered = ".button, .badge, .notice, .menu-panel, .count, input:not([type=hidden]), select, textarea";
        const found = [...document.querySelectorAll(bordered)].filter(shown).filter(element => {
            const box = element.closest(".minutes") ?? element;
            return parseFloat(getComputedStyle(box).borderBottomWidth) < 1 && !/checkbox|radio/.test(element.type);
        }).map(element => `no border: ${named(element)}`);
        for (const link of [...document.querySelectorAll(".side-nav a[aria-current], .tabs a[aria-current]")].filter(shown)) {
            const other = [...link.closest("nav, .tabs").querySelectorAll("a:not([aria-current])")].find(shown);
            const colours = element => `${getComputedStyle(element).borderRightColor} ${getComputedStyle(element).borderBottomColor}`;
            if (other && colours(link) === colours(other)) found.push(`looks like the others: ${named(link)}`);
        }
        return found;
    }

    window.looking = { structure, sizes, order, tooWide, focus, borders };
}"""


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


def look_at(page, *, quick=False):
    """Return what is wrong with the page in every look and state, as a list of sentences."""
    begin(page)
    found = [("structure", problem) for problem in check(page, "structure")]
    for width, colours in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)
        found += [(f"{width} px", problem) for problem in axe(page) + look_at_controls(page, 24)]
        found += [(f"{colours} {state}", problem) for state, problem in look_at_states(page)]
    if not quick:
        found += look_by_touch(page)
        found += look_without_colours(page)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    found += [(f"{NARROWEST} px", problem) for problem in check(page, "tooWide")]
    return list(dict.fromkeys(f"{where}: {problem}" for where, problem in found))


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


def look_by_axe(page):
    """Return what axe finds in every look on a page that is not made of our style sheet alone."""
    begin(page)
    found = []
    for width, colours in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)
        page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
        found += [f"{width} px, {colours}: {problem}" for problem in axe(page, WCAG)]
    return found
