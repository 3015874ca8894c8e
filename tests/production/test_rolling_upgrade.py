"""A site is upgraded without a pause: the former release and this one serve the same database for a while."""

import re
import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from tests.support import dump_people, dumps, parallel, releases
from tests.support.balancer import Balancer
from tests.support.environment import KIND, ROOT
from tests.support.people import PASSWORD
from tests.support.servers import start_site
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

FORMER = "0.1.0"
MACHINE = dump_people.MACHINE
AT_ONCE = 3  # browsers, and programs
# Seconds between two tokens: a person may make 120 in an hour.
BETWEEN_TOKENS = 0.5

pytestmark = [
    pytest.mark.planner,  # on PostgreSQL only: SQLite is for one machine, and an upgrade there is a restart
    pytest.mark.skipif(not releases.has_history(), reason=releases.NO_HISTORY),
]


class Load:
    """People and programs that use the site all the time; `answers` counts what they got, by phase."""

    def __init__(self, url, people):
        self.url, self.people = url, people
        self.stop = threading.Event()
        self.phase = "former release only"
        self.answers = Counter()
        self.lost = []

    def kinds(self):
        return [*[self.reads, self.calls] * AT_ONCE, self.makes_tokens]

    def reads(self):
        return self.browser("alice").get("/app/acme/settings/users")

    def calls(self):
        token = self.people["alice"].tokens["user"]
        return Visitor(self.url).get("/api/v2/account/details", Authorization=f"Bearer {token}")

    def makes_tokens(self):
        """Rows in tables that get new columns."""
        time.sleep(BETWEEN_TOKENS)
        visitor = self.browser("bob")
        options = {"description": "load", "expires": "30"}
        reply = parallel.post(visitor, "/app/settings/tokens/create", **options)
        if reply.status == 200 and "atlasv1" in reply.text:
            revoke = re.findall(r"/app/settings/tokens/\d+/revoke", visitor.get("/app/settings/tokens").text)
            parallel.post(visitor, revoke[-1])
        return reply

    def browser(self, name):
        return self.people[name].browser(self.url, self.people[name].signed_in)

    def repeat(self, action):
        while not self.stop.is_set():
            phase = self.phase
            try:
                reply = action()
            except (OSError, AssertionError) as error:
                self.lost.append(f"{phase}: {action.__name__}: {error!r}")
                continue
            self.answers[phase] += 1
            if reply.status not in (200, 201, 302):
                self.lost.append(f"{phase}: {action.__name__}: {reply.status} {reply.text[-300:]}")
            time.sleep(0.02)

    @contextmanager
    def running(self):
        threads = [threading.Thread(target=self.repeat, args=[kind]) for kind in self.kinds()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()


def signs_in_by_text(balancer, site):
    """carol asks the former release for a text when the tables are new already."""
    visitor = Visitor(balancer.url)
    assert (
        visitor.post_form("/session", username="carol", password=PASSWORD).location == "/session/two-factor"
    )
    if not texts_of(site):
        parallel.post(visitor, "/session/two-factor-send-sms", send="sms")
    [text] = wait_until(lambda: texts_of(site), lambda: f"no text came: {site.log()[-3000:]}")
    code = re.search(r"#(\d{6})\s*$", text.read_text())[1]
    assert visitor.post_form("/session/two-factor", "Verify", code=code).location == "/app"


def texts_of(site):
    return list(site.mail_directory.glob("*.text"))


def test_of14_an_upgrade_without_a_pause_loses_no_request(tmp_path):
    tree = releases.check_out(releases.RELEASES[FORMER], tmp_path / FORMER)
    url = dumps.new_database(tmp_path, f"rolling_{tmp_path.parent.name.replace('-', '_')}")
    people = dumps.load(dumps.HERE / FORMER, KIND, url)
    former = start_site(url, root=tree, PYTHONPATH=str(releases.FORMER), **MACHINE)
    balancer = Balancer(former)
    load = Load(balancer.url, people)
    sites = [former]
    try:
        with load.running():
            time.sleep(1)
            load.phase = "while migrate runs"
            releases.manage(ROOT, url, "migrate", **MACHINE)
            load.phase = "former release on new tables"
            signs_in_by_text(balancer, former)
            present = start_site(url, **MACHINE)
            sites.append(present)
            wait_until(lambda: present.visitor().get("/readyz").status == 200)
            load.phase = "both"
            balancer.sites = [former, present]
            time.sleep(2)
            load.phase = "this release only"
            balancer.sites = [present]
            time.sleep(1)  # what the former one has begun
            former.kill()
            time.sleep(1)
    finally:
        balancer.close()
        for site in sites:
            site.stop()

    print(f"\nrolling upgrade from {FORMER}: {dict(load.answers)}, lost {len(load.lost)}")
    assert load.lost == []
    assert min(load.answers[phase] for phase in ("while migrate runs", "both", "this release only")) > 0
    assert releases.manage(ROOT, url, "doctor", check=False, **MACHINE).returncode == 0
