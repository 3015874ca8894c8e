"""Count texts for the page of metrics."""

from accounts.factors.sms.reasons import WORDS
from accounts.metrics import Tally

ACCEPTED, REFUSED, DELIVERED, FAILED = OUTCOMES = "accepted", "refused", "delivered", "failed"

TEXTS = Tally(
    "texts",
    "Texts that the provider accepted or refused, and what it reported of the accepted ones.",
    outcome=OUTCOMES,
    reason=WORDS,
)
