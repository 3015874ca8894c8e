"""The caller's own account."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.api.gates import check_sudo, has_sudo, sudo_token_required, user_token_required
from accounts.api.resources import service_account, user_id, user_resource
from accounts.fields import AddressField, CurrentPasswordField, NewPasswordField
from accounts.jsonapi.documents import Resource, document, respond
from accounts.jsonapi.fixed import hold_attributes
from accounts.models import ApiToken, User, login_key
from accounts.typed.passwords import normal
from accounts.users import email_addresses, passwords


def details(call: Call) -> HttpResponse:
    """Show the owner of the token: a user, or the service account of an organization or a team."""
    if call.token and not isinstance(call.token, ApiToken):
        return respond(document(service_account(call.token)))
    return show_own(call, call.user)


def show_own(call: Call, user: User) -> HttpResponse:
    return respond(document(own_resource(call, user)))


def own_resource(call: Call, user: User) -> Resource:
    return user_resource(user, own=True, sudo=has_sudo(call), token=call.token)


@user_token_required
def update(call: Call) -> HttpResponse:
    """Store a new email address, which takes effect once it is confirmed. Usernames can't be changed."""
    user = call.user
    sent = call.document("users", public_id=user_id(user))
    if sent.has("username") and sent.attributes["username"] != user.username:
        sent.fail("username", _("A username can't be changed."))
    email = sent.text("email", AddressField()) if sent.has("email") else ""
    hold_attributes(sent, own_resource(call, user)["attributes"], but=("username", "email"))
    sent.check()
    stored = email_addresses.unconfirmed_address(user) or user.email
    if email and login_key(email) != login_key(stored):
        check_sudo(call)
        user = email_addresses.change_email(user, email, actor=call.actor)
    return show_own(call, user)


@user_token_required
@sudo_token_required
def change_password(call: Call) -> HttpResponse:
    """Change the password and end all sessions; tokens stay valid. Attributes have their documented names."""
    sent = call.document("users", public_id=user_id(call.user))
    current = sent.text("current_password", CurrentPasswordField())
    new = sent.text("password", NewPasswordField())
    if normal(sent.text("password_confirmation", NewPasswordField())) != normal(new):
        sent.fail("password_confirmation", _("This isn't the same as the new password."))
    hold_attributes(sent, own_resource(call, call.user)["attributes"])
    sent.check()
    passwords.change(call.user, current, new, session=None, actor=call.actor)
    return show_own(call, call.user)
