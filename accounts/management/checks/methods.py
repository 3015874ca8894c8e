"""Check the methods that sessions, remembered browsers and tokens say stood behind them (D45)."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model, Q

from accounts.factors.methods import known_methods
from accounts.management.doctor import Check, Note
from accounts.management.rows import named
from accounts.models import BearerToken, RememberedBrowser, Session
from accounts.models.methods import PASSWORD

WORD = r"^$|^[a-z][a-z0-9-]*$"


def tokens() -> list[type[Model]]:
    return [model for model in apps.get_models() if issubclass(model, BearerToken)]


def methods_are_words() -> Iterator[str]:
    """Check that each method is a word. Note words of factors that this site does not offer (any more)."""
    columns: list[tuple[type[Model], str]] = [
        (Session, "factor"),
        (Session, "remembered_method"),
        (RememberedBrowser, "method"),
        *((model, "method") for model in tokens()),
    ]
    known = known_methods() | {Session.REMEMBERED}
    for model, column in columns:
        place, rows = f"{model._meta.db_table}.{column}", model._default_manager.order_by()
        if found := named(rows.exclude(**{f"{column}__regex": WORD})):
            yield f"{place} is no method in {found}"
        others = rows.filter(**{f"{column}__regex": WORD}).exclude(**{f"{column}__in": known})
        for word in others.values_list(column, flat=True).distinct():
            found = named(rows.filter(**{column: word}))
            yield Note(f"{place} is {word} in {found}: this site does not offer that method")


def methods_fit_their_rows() -> Iterator[str]:
    """Check that nothing counts as verified by the password alone, and that no session contradicts itself."""
    verified = Q(verified_at__isnull=False)
    if rows := named(Session.objects.filter(verified, factor__in=["", PASSWORD])):
        yield f"the session counts as verified, and names no second factor: {rows}"
    if rows := named(Session.objects.filter(~verified).exclude(factor="")):
        yield f"the session names a second factor, and does not count as verified: {rows}"
    skipping = [
        Session.objects.filter(remembered_method__in=[PASSWORD, Session.REMEMBERED]),
        RememberedBrowser.objects.filter(method__in=[PASSWORD, Session.REMEMBERED]),
    ]
    for query in skipping:
        if rows := named(query):
            yield f"{query.model._meta.db_table}: the browser was remembered without a second factor: {rows}"
    for model in tokens():
        wrong = Q(verified=True, method__in=[PASSWORD, Session.REMEMBERED])
        if rows := named(model._default_manager.filter(wrong)):
            table = model._meta.db_table
            yield f"{table}: the token counts as verified, and no second factor made it: {rows}"


def methods_are_true() -> Iterator[str]:
    yield from methods_are_words()
    yield from methods_fit_their_rows()


CHECKS = {"methods behind proofs": Check(methods_are_true)}
