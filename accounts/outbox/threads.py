"""A few threads of this process that send what its requests have left in the outbox.

A mail or text server may take seconds. If the thread that answers waited for it, the next request on the same
connection would wait as well: hung servers would delay people, and the time would tell who has an account.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from django.db import connection

THREADS = 8  # for one server that hangs and others that don't

lock = Lock()
pool: ThreadPoolExecutor | None = None
owner = 0  # the process that the pool's threads belong to: a fork has none of them
running: set[Future[None]] = set()


def submit(work: Callable[..., None], *arguments: Any) -> None:
    """Have one of the threads do this soon. What it can't do any more stays in the outbox."""
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
    """Wait until everything that was submitted is done."""
    wait(list(running), timeout=seconds)
