"""Backup codes: ten one-time codes of 65 bits, for users who lost a device (NIST SP 800-63B-4, 4.2.1.1)."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.crypto import digest, digests, open_sealed, seal
from accounts.crypto.columns import SealedColumn
from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.factors.base import BACKUP_CODES, BackupFactor, Device, State
from accounts.models import User
from accounts.typed import characters
from accounts.typed.codes import unquoted, without_grouping

CODES = 10
# 13 characters of 5 bits. Without I, L, O and U, which are easily misread.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 13
GROUPS = (5, 4, 4)
LOOKALIKES = {"I": "1", "L": "1", "O": "0"}
SPELLINGS = str.maketrans(
    {letter.lower(): letter for letter in ALPHABET}
    | LOOKALIKES
    | {letter.lower(): digit for letter, digit in LOOKALIKES.items()}
    | {" ": "", "-": ""}
)
IN_GROUPS = re.compile(r"(?<![\w-])\w{5}-\w{4}-\w{4}(?![\w-])", re.ASCII)


class BackupCodesFactor(BackupFactor):
    slug = "backup-codes"
    label = gettext_lazy("Backup codes")
    proof_label = gettext_lazy("Recovery code")
    device_model = BackupCodeSet
    guesses = BACKUP_CODES
    size = CODES

    def begin_enrolment(self, user: User, **details: object) -> State:
        code_set = BackupCodeSet.objects.create(user=user, confirmed=False)
        codes = new_codes()
        BackupCode.objects.bulk_create(
            BackupCode(
                code_set=code_set,
                position=position,
                digest=digest(code, digest_purpose(user.pk)),
                sealed_code=seal(code, sealing_context(code_set, position)),
            )
            for position, code in enumerate(codes)
        )
        return {"device_id": code_set.pk}

    def complete_enrolment(self, user: User, answer: str, state: State) -> Device | None:
        """Confirm the codes without an answer: they come with a primary device that was just verified."""
        return self.confirm(user, state)

    def consume(self, device: Device, answer: str, state: State) -> bool:
        code = normalize(answer)
        if code is None:
            return False
        # Only in this user's own set; the row count decides which of two requests used the code (R24).
        unused = BackupCode.objects.filter(
            code_set=device,
            code_set__confirmed=True,
            used_at=None,
            digest__in=digests(code, digest_purpose(device.user_id)),
        )
        if not unused.update(used_at=timezone.now()):
            check_keys(device.user_id)
            return False
        return self.unchanged(device).update(**self.used()) == 1

    def has_shape(self, answer: str) -> bool:
        return normalize(answer) is not None

    def explain_refusal(
        self, user: User, answer: str, state: State, *, enrolling: bool = False
    ) -> str | None:
        """Explain the format only: wrong codes and used codes get the same message (R29)."""
        if len(codes_in(answer)) > 1:
            return _("That is more than one code. Enter only one.")
        code = spelled(answer)
        if any(char.isalnum() and not char.isascii() for char in code):
            return _("Invalid authentication code! Use only the letters A-Z and the digits 0-9.")
        if len(code) == LENGTH or not code or not all(char in ALPHABET for char in code):
            return None
        return ngettext(
            "A recovery code has %(length)s letters and digits; you entered %(n)s.",
            "A recovery code has %(length)s letters and digits; you entered %(n)s.",
            len(code),
        ) % {"length": LENGTH, "n": len(code)}

    def describe(self, user: User, state: State, *, enrolling: bool = False) -> dict[str, Any]:
        return {"question": _("Enter one of your backup codes. Each one works once.")}

    def remaining(self, user: User) -> int:
        return BackupCode.objects.filter(code_set__user=user, code_set__confirmed=True, used_at=None).count()

    def problems(self) -> Iterator[str]:
        """Also name sets from which codes are missing. Used codes stay in their set."""
        yield from super().problems()
        counted = BackupCodeSet.objects.select_related("user").annotate(number=Count("codes"))
        for code_set in counted.exclude(number=CODES).iterator():
            yield f"{code_set.user}: the set of {self.slug} {code_set.pk} has {code_set.number} codes"

    def reveal(self, user: User) -> list[str]:
        """Return the unused codes in groups, in order. Raises DecryptionFailed."""
        codes = BackupCode.objects.select_related("code_set").filter(
            code_set__user=user, code_set__confirmed=True, used_at=None
        )
        return [
            grouped(open_sealed(code.sealed_code, sealing_context(code.code_set, code.position)))
            for code in codes.order_by("position")
        ]


def check_keys(user_id: int) -> None:
    """Raise DecryptionFailed if the codes can't be opened: with a wrong key a right code looks wrong."""
    code = BackupCode.objects.select_related("code_set").filter(code_set__user_id=user_id).first()
    if code is not None:
        open_sealed(code.sealed_code, sealing_context(code.code_set, code.position))


def left_of_session() -> Subquery:
    """Return a subquery for the number of unused codes of a session's user; NULL if there are none."""
    unused = BackupCode.objects.filter(
        code_set__user=OuterRef("user_id"), code_set__confirmed=True, used_at=None
    )
    return Subquery(unused.order_by().values("code_set__user").annotate(left=Count("pk")).values("left"))


def new_codes() -> list[str]:
    codes: set[str] = set()
    while len(codes) < CODES:
        codes.add("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))
    return sorted(codes, key=lambda _: secrets.randbits(32))


def digest_purpose(user_id: int) -> str:
    return f"backup-code:{user_id}"


def sealing_context(code_set: BackupCodeSet, position: int) -> str:
    return f"backup-code:{code_set.user_id}:{code_set.pk}:{position}"


SEALED = SealedColumn(
    BackupCode,
    "sealed_code",
    context=lambda code: sealing_context(code.code_set, code.position),
    digest_field="digest",
    digest_purpose=lambda code: digest_purpose(code.code_set.user_id),
    relations=("code_set",),
)


def grouped(code: str) -> str:
    """Return a code in groups: XXXXX-XXXX-XXXX."""
    parts, start = [], 0
    for size in GROUPS:
        parts.append(code[start : start + size])
        start += size
    return "-".join(parts)


def spelled(answer: str) -> str:
    """Return an answer in its canonical spelling: case, blanks, dashes and signs around don't matter (R29).

    Only the letters of ASCII have a case here: `upper()` also changes others into them.
    """
    return unquoted(without_grouping(answer)).translate(SPELLINGS)


def codes_in(answer: str) -> set[str]:
    """Return the codes in a text: the one that it is, or those that it has in their groups.

    It may be a line of the list of codes, with its number. Two are never tried for one attempt (D44).
    """
    whole = spelled(answer)
    if is_code(whole):
        return {whole}
    found = {spelled(code) for code in IN_GROUPS.findall(characters.plain(answer))}
    return {code for code in found if is_code(code)}


def is_code(text: str) -> bool:
    return len(text) == LENGTH and all(char in ALPHABET for char in text)


def normalize(answer: str) -> str | None:
    """Return the one code of the answer in its canonical spelling, or None."""
    found = codes_in(answer)
    return found.pop() if len(found) == 1 and not characters.has_other_digits(answer) else None
