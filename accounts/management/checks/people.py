"""Check accounts, their devices, sessions and tokens."""

from collections.abc import Iterator

from django.contrib.auth.models import Permission
from django.db.models import Count, Exists, F, Model, OuterRef, Q

from accounts import factors
from accounts.management.doctor import Check, Note
from accounts.management.rows import named
from accounts.models import ApiToken, RememberedBrowser, Session, User
from accounts.two_factor.levels import correct_levels, wrong_levels
from accounts.users.rights import grantable

HASH = r"^[0-9a-f]{64}$"
STAMP = r"^[0-9a-f]{32}$"
# What is compared with something that a request carries, and never matches in another form.
FORMS: list[tuple[type[Model], str, str]] = [
    (User, "username", r"^[A-Za-z0-9_.-]+$"),
    (User, "email", r"^[^@].*@[^@]+$"),
    (User, "unconfirmed_email", r"^$|^[^@].*@[^@]+$"),
    (User, "password", r"^(!|[a-z0-9_]+[$].)"),
    (User, "security_stamp", STAMP),
    (Session, "key_hash", HASH),
    (Session, "security_stamp", STAMP),
    (RememberedBrowser, "token_hash", HASH),
    (RememberedBrowser, "security_stamp", STAMP),
    (ApiToken, "token_hash", HASH),
]


def two_factor_is_what_the_devices_say() -> Iterator[str]:
    """Check I2: two-factor is on exactly while a primary device is confirmed."""
    enrolled = Q()
    for factor in factors.primary():
        enrolled |= Q(factors.has_device(factor))
    on = Q(two_factor_enabled_at__isnull=False)
    for user in User.objects.filter(on & ~enrolled).iterator():
        yield f"{user}: two-factor is on, and there is no confirmed device"
    for user in User.objects.filter(~on & enrolled).iterator():
        yield f"{user}: two-factor is off, and there is a confirmed device"
    for user in User.objects.filter(on, two_factor_forced_off_at__isnull=False).iterator():
        yield f"{user}: two-factor is on, and marked as removed by force"
    for user in User.objects.filter(on, email_confirmed_at=None).iterator():
        yield f"{user}: two-factor is on, and there is no confirmed address for mails about it"


def levels_are_those_of_the_devices() -> Iterator[str]:
    """Check the copy of what somebody has set up that the gates of organizations read."""
    for user in wrong_levels().iterator():
        yield f"{user}: the stored two-factor level is {user.level.label}, which doesn't match the devices"


def backup_codes_come_and_go_with_two_factor() -> Iterator[str]:
    """Check I2: a user has exactly one set of codes while two-factor is on, otherwise none."""
    for factor in factors.backup():
        sets = factor.device_model._default_manager.filter(confirmed=True)
        own = sets.filter(user=OuterRef("pk")).values("user").annotate(sets=Count("pk"))
        without = User.objects.filter(two_factor_enabled_at__isnull=False).exclude(Exists(own.filter(sets=1)))
        for user in without.iterator():
            yield f"{user}: two-factor is on without exactly one set of {factor.slug}"
        for user in User.objects.filter(two_factor_enabled_at=None, pk__in=sets.values("user")).iterator():
            yield f"{user}: two-factor is off, and there are {factor.slug}"


def devices_are_sound() -> Iterator[str]:
    for factor in factors.all_factors():
        yield from factor.problems()


def what_methods_say() -> Iterator[str]:
    """Note what the factors have to say, such as where no codes are sent at the moment."""
    for factor in factors.all_factors():
        yield from map(Note, factor.notes())


def sessions_and_tokens_are_sound() -> Iterator[str]:
    for model, column, form in FORMS:
        if rows := named(model._default_manager.exclude(**{f"{column}__regex": form})):
            yield f"{model._meta.label}.{column} is garbage in {rows}"
    proved = Session.objects.filter(verified_at__isnull=False, user__security_stamp=F("security_stamp"))
    if rows := named(proved.filter(user__two_factor_enabled_at=None)):
        yield f"the session counts as verified, and its user has no two-factor: {rows}"
    skipping = RememberedBrowser.objects.filter(user__security_stamp=F("security_stamp"))
    if rows := named(skipping.filter(user__two_factor_enabled_at=None)):
        yield f"the browser is remembered, and its user has no two-factor: {rows}"


def rights_are_what_the_verbs_give() -> Iterator[str]:
    """Check that nobody has rights that no page and no command gives (D14)."""
    for user in User.objects.filter(is_superuser=True, is_staff=False).iterator():
        yield f"{user}: is a superuser without being staff, so the admin site stays closed"
    for user in User.objects.superusers().filter(email_confirmed_at=None).iterator():
        yield Note(f"{user}: is a superuser without a confirmed address, and gets no mail about changes")
    known = {tuple(name.split(".")) for name in grantable}
    stored = set(Permission.objects.values_list("content_type__app_label", "codename").order_by())
    for app, codename in sorted(known - stored):
        yield f"the permission {app}.{codename} is missing, so nobody can be given it: run migrate"
    given = User.user_permissions.through._default_manager.values_list(
        "user__username", "user__is_staff", "permission__content_type__app_label", "permission__codename"
    )
    for username, is_staff, app, codename in given.order_by("user__username", "pk").iterator():
        if (app, codename) not in known:
            yield f"{username}: has the permission {app}.{codename}, which nobody can be given here"
        elif not is_staff:
            yield f"{username}: has the permission {app}.{codename} without being staff"
    if User.objects.exists() and not User.objects.superusers().exists():
        yield Note("there is no active superuser: change_rights makes somebody one")


CHECKS = {
    "two-factor and devices agree": Check(two_factor_is_what_the_devices_say, urgency=2),
    "levels of two-factor": Check(
        levels_are_those_of_the_devices, repair=correct_levels, urgency=2, mend="doctor --reconcile"
    ),
    "backup codes": Check(backup_codes_come_and_go_with_two_factor),
    "devices and codes": Check(devices_are_sound),
    "methods": Check(what_methods_say),
    "sessions and tokens": Check(sessions_and_tokens_are_sound),
    "rights": Check(rights_are_what_the_verbs_give, urgency=4, mend="change_rights NAME --reason TEXT"),
}
