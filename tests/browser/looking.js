// What tests/browser/looking.py asks of a page: each function returns what is wrong, as sentences.
() => {
    if (window.looking) return;
    const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    const shown = element => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".visually-hidden");
    const controls = () => [...document.querySelectorAll(CONTROLS)].filter(shown).filter(
        element => !element.classList.contains("skip-link") && !element.closest("[data-not-ours]"));
    const named = element => element.outerHTML.replace(/\s+/g, " ").slice(0, 130);
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
}
