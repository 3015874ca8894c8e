"""Define the settings of the floor with as many hashes at the same time as the product computes."""

from benchmarks.floor.settings import *  # noqa: F403
from benchmarks.floor.settings import env

THREADS_PER_PROCESS = env.int("THREADS_PER_PROCESS", 4)
