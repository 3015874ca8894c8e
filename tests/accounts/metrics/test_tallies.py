"""A counter, in a process of its own: its labels, and what happens when it can't be stored (OF12)."""

import subprocess
import sys

from tests.support.environment import ROOT

PROGRAM = """
import django
django.setup()
from accounts.metrics import Tally, scrape
probe = Tally("probe", "A counter of this test.", kind=("a", "b"))
for label in ("a", "a", "evil\\n{", "b" * 5000):
    probe.count(label)
for metric in scrape.counted():
    if metric.name == "tfc_auth_probe":
        print(sorted((sample.labels["kind"], sample.value) for sample in metric.samples))
"""

AT_ONCE = """
import sys, threading
import django
django.setup()
sys.setswitchinterval(1e-6)
from accounts.metrics import Tally, scrape
probes = [Tally(f"probe{number}", "A counter of this test.") for number in range(20)]
for probe in probes:
    gate = threading.Barrier(8)
    def count():
        gate.wait()
        for _number in range(20):
            probe.count()
    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
found = {metric.name: metric.samples[0].value for metric in scrape.counted()}
print({found[probe.name] for probe in probes})
"""


def run(program=PROGRAM, **settings):
    environment = {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "tfc_auth.settings", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )


def test_of12_what_is_in_no_list_is_other(tmp_path):
    done = run(METRICS_PEERS="127.0.0.1", METRICS_DIR=str(tmp_path / "a" / "b"))

    assert done.stdout == "[('a', 2.0), ('b', 0), ('other', 2.0)]\n"


def test_of12_the_next_process_goes_on_where_the_last_one_stopped(tmp_path):
    for _number in range(3):
        done = run(METRICS_PEERS="127.0.0.1", METRICS_DIR=str(tmp_path))

    assert done.stdout == "[('a', 6.0), ('b', 0), ('other', 6.0)]\n"
    assert len(list(tmp_path.glob("*.db"))) == 1


def test_of12_where_nothing_can_be_written_it_is_said_once_and_all_goes_on():
    done = run(METRICS_PEERS="127.0.0.1", METRICS_DIR="/proc/nowhere")

    assert done.stdout == "[('a', 0), ('b', 0), ('other', 0)]\n"
    assert done.stderr.count("Nothing is counted; look at METRICS_DIR") == 1
    assert "Traceback" not in done.stderr


def test_of12_nothing_is_counted_or_written_by_default(tmp_path):
    done = run(METRICS_DIR=str(tmp_path / "none"))

    assert done.stdout == "[('a', 0), ('b', 0), ('other', 0)]\n"
    assert not (tmp_path / "none").exists()


def test_of12_threads_that_count_their_first_event_at_the_same_moment_all_count(tmp_path):
    done = run(AT_ONCE, METRICS_PEERS="127.0.0.1", METRICS_DIR=str(tmp_path))

    assert done.stdout == "{160.0}\n"
