"""The pages of the admin site about people, and what is done there."""

from accounts.models import User
from tests.support.people import rights_shown

USERS = "/admin/accounts/user/"
AUDIT_EVENTS = "/admin/accounts/auditevent/"


def admin_page(user, action=""):
    return f"{USERS}{user.pk}/act/{action}/" if action else f"{USERS}{user.pk}/change/"


def act(client, user, action, reason="asked by phone", **fields):
    if action == "rights":
        fields = {"is_staff": "on", "permissions": ["accounts.view_user"]} | rights_shown(user) | fields
    return client.post(admin_page(user, action), {"reason": reason, **fields})


def state_of(user):
    row = User.objects.get(pk=user.pk)
    permissions = sorted(row.user_permissions.values_list("codename", flat=True))
    return row.is_active, row.is_enrolled, row.is_staff, row.is_superuser, permissions
