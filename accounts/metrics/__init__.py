"""Figures for Prometheus: counters of this process, and what the database says at the scrape.

Nothing is counted unless METRICS_PEERS is set. A figure that can't be counted or read never breaks a request.
"""

from accounts.metrics.figures import figures
from accounts.metrics.tallies import Tally, closed_lists

__all__ = ["Tally", "closed_lists", "figures"]
