"""What a superuser can let the staff of this site see of organizations (accounts/users/rights.py)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

PERMISSIONS: dict[str, Promise] = {
    "organizations.view_organization": gettext_lazy("See organizations"),
    "organizations.view_membership": gettext_lazy("See memberships"),
}
