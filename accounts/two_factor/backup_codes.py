"""Issue, renew and reveal backup codes."""

from accounts import factors, outbox
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import TwoFactorNotEnabled
from accounts.models import User
from accounts.sessions.ending import end_other_sessions
from accounts.sessions.locks import counted, lock_user
from accounts.sessions.store import SessionStore
from accounts.two_factor import fresh_codes


def issue(user: User) -> list[str]:
    """Replace the user's codes by a new set; return the new codes."""
    codes = []
    for factor in factors.backup():
        factor.complete_enrolment(user, "", factor.begin_enrolment(user))
        codes += factor.reveal(user)
    return codes


def renew(user: User, *, session: SessionStore, actor: Actor) -> None:
    """Replace the codes by new ones, which `session` may show (R27, D46); end other sessions.

    Raises TwoFactorNotEnabled, SessionEnded, RateLimited.
    """
    with counted(actor):
        user = lock_user(user, session)
        if not user.is_enrolled:
            raise TwoFactorNotEnabled
        issue(user)
        end_other_sessions(user, session)
        fresh_codes.note(session, user, first=False)
        record(Event.BACKUP_CODES_RENEWED, actor=actor, subject=subject_of(user), user=user)
        outbox.notify(user, "backup_codes_renewed", actor=actor)


def reveal(user: User, *, session: SessionStore, actor: Actor) -> list[str]:
    """Return the unused codes (D1), and tell the user. Raises TwoFactorNotEnabled, DecryptionFailed."""
    with counted(actor):
        user = lock_user(user, session)
        if not user.is_enrolled:
            raise TwoFactorNotEnabled
        codes = [code for factor in factors.backup() for code in factor.reveal(user)]
        record(Event.BACKUP_CODES_REVEALED, actor=actor, subject=subject_of(user), user=user)
        outbox.notify(user, "backup_codes_revealed", actor=actor)
        return codes
