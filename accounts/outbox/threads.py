"""Threads of this process that send the messages of its requests.

A mail or text server may take seconds. If the thread of the request waited for it, the next request on the
same connection would wait, too: people would be delayed, and the delay would reveal who has an account.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from django.db import connection

THREADS = 8  # enough to go on while one server hangs

lock = Lock()
pool: ThreadPoolExecutor | None = None
owner = 0  # process id of the pool's threads: a forked process doesn't have them
running: set[Future[None]] = set()


def submit(work: Callable[..., None], *arguments: Any) -> None:
    """Run this in one of the threads. If the process ends first, the messages stay in the outbox."""
    global pool, owner
    with lock:
        if pool is None or owner != os.getpid():
            pool, owner = ThreadPoolExecutor(THREADS, thread_name_prefix="sender"), os.getpid()
            running.clear()
        future = pool.submit(with_own_connection, work, *arguments)
        running.add(future)
    future.add_done_callback(running.discard)


def with_own_connection(work: Callable[..., None], *arguments: Any) -> None:
    try:
        work(*arguments)
    finally:
        connection.close()


def wait_until_idle(seconds: float | None = None) -> None:
    """Wait until everything that was submitted is done, `seconds` at most."""
    wait(list(running), timeout=seconds)
