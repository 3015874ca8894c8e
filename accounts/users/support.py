"""What site admins see of a person beyond the account: other applications add it here."""

from collections.abc import Callable

from django.http import HttpRequest

from accounts.models import User
from accounts.plugins import Registry
from accounts.web.admin_parts import Fact, Table

# Each is called with the person and the request of the admin, and shows only what that admin may see.
facts: Registry[Callable[[User, HttpRequest], list[Fact]]] = Registry()
tables: Registry[Callable[[User, HttpRequest], Table | None]] = Registry()
