"""Why a text did not arrive, in the provider's words: a closed list, for the page of metrics.

Twilio has hundreds of codes, and adds some each year. Here are those that say something about this site or
about carriers; the others are "other", and Twilio's console has each text's own.
"""

from accounts.metrics.tallies import OTHER

NONE = "none"  # nothing went wrong, or nobody said what
NO_ANSWER = "no answer"

TWILIO = {
    20003: "authentication error",
    20404: "resource not found",
    20429: "too many requests",
    21211: "invalid to number",
    21212: "invalid from number",
    21408: "permission to send to the region not enabled",
    21606: "from number not capable of texts",
    21608: "unverified number of a trial account",
    21610: "recipient has unsubscribed",
    21611: "queue of the from number is full",
    21612: "no route from this sender to that number",
    21614: "to number is not a mobile number",
    21703: "messaging service has no numbers",
    30001: "queue overflow",
    30002: "account suspended",
    30003: "unreachable destination handset",
    30004: "message blocked",
    30005: "unknown destination handset",
    30006: "landline or unreachable carrier",
    30007: "message filtered",
    30008: "unknown error",
    30034: "sender not registered",
    30410: "provider timeout",
    30450: "blocked as pumping fraud",
    30453: "blocked as pumping fraud",
}
WORDS = tuple(dict.fromkeys([NONE, NO_ANSWER, *TWILIO.values()]))


def of_code(code: object) -> str:
    """Return the words for a code of Twilio's, as its SDK or a delivery report gives it; NONE without one."""
    text = str(code or "")
    if not text:
        return NONE
    return TWILIO.get(int(text), OTHER) if text.isascii() and text.isdigit() and len(text) < 8 else OTHER
