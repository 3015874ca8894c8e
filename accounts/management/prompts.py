"""What commands ask for: a person, and a new password."""

import getpass

from django.core.management.base import CommandError

from accounts.environment import variable
from accounts.models import User, login_key
from accounts.typed import passwords

PASSWORD_VARIABLE = "DJANGO_SUPERUSER_PASSWORD"


def user_named(text: str) -> User:
    """Return the user with this name or confirmed address. Raises CommandError."""
    user: User | None = User.objects.by_login(text).first() if login_key(text).isprintable() else None
    if user is None:
        raise CommandError(f"There is no user {text!r}.")
    return user


def confirmed(question: str) -> bool:
    """Return whether the answer at the terminal is yes. Raises CommandError where nobody can answer."""
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        raise CommandError("Nothing was changed. Add --yes to run without a prompt.") from None
    return answer.strip().lower() in ("y", "yes")


def new_password(*, noinput: bool) -> str:
    """Return a new password: typed twice, or with `noinput` from PASSWORD_VARIABLE. Raises CommandError."""
    if noinput:
        password = variable(PASSWORD_VARIABLE)
        if not password:
            raise CommandError(f"--noinput takes the password from {PASSWORD_VARIABLE}, which is not set.")
        return checked(password)
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("Password (again): ")
    except EOFError:
        raise CommandError("You typed no password.") from None
    if passwords.normal(password) != passwords.normal(again):
        raise CommandError("The two passwords are different.")
    return checked(password)


def checked(password: str) -> str:
    """Return the password. Raises CommandError if its bytes are no text: it could never be typed."""
    try:
        password.encode()
    except UnicodeEncodeError:
        raise CommandError("The password is not valid UTF-8.") from None
    return password
