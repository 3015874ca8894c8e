"""Threads of this process that send the messages of its requests.

A mail or text server may take seconds. If the thread of the request waited for it, the next request on the
same connection would wait, too: people would be delayed, and the delay would reveal who has an account.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from django.db import close_old_connections, connection

THREADS = 8  # enough to go on while one server hangs
# For texts: somebody is waiting for each, and a mail server that hangs must not delay them.
URGENT_THREADS = 8

lock = Lock()
pools: dict[bool, ThreadPoolExecutor] = {}  # True: the urgent one
owner = 0  # process id of the pools' threads: a forked process doesn't have them
running: set[Future[None]] = set()


def submit(work: Callable[..., None], *arguments: Any, urgent: bool = False) -> None:
    """Run this in one of the threads. If the process ends first, the messages stay in the outbox."""
    global owner
    with lock:
        if owner != os.getpid():
            pools.clear()
            running.clear()
            owner = os.getpid()
        if urgent not in pools:
            number = URGENT_THREADS if urgent else THREADS
            pools[urgent] = ThreadPoolExecutor(number, thread_name_prefix="sender")
        future = pools[urgent].submit(with_own_connection, work, *arguments)
        running.add(future)
    future.add_done_callback(running.discard)


def with_own_connection(work: Callable[..., None], *arguments: Any) -> None:
    close_old_connections()  # what failed before says nothing about this work
    try:
        work(*arguments)
    finally:
        connection.close()


def wait_until_idle(seconds: float | None = None) -> None:
    """Wait until everything that was submitted is done, `seconds` at most."""
    wait(list(running), timeout=seconds)
