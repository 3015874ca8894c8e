"""Show users by id: the caller, and people who share an organization with the caller."""

from django.http import HttpResponse

from accounts.api.endpoint import Call
from accounts.api.errors import not_found
from accounts.api.gates import has_sudo, user_token_required
from accounts.api.resources import user_resource
from accounts.jsonapi.documents import document, respond
from accounts.models.public_ids import row_id
from organizations.members.visibility import visible_user


@user_token_required
def show(call: Call, user_id: str) -> HttpResponse:
    """Show the caller in full, members to their owners, fellow members by name. Raises 404 for others."""
    pk = row_id("user", user_id)
    if pk == call.user.pk:
        return respond(document(user_resource(call.user, own=True, sudo=has_sudo(call))))
    known = visible_user(call.user, pk)
    if known is None:
        raise not_found()
    return respond(document(user_resource(known.user, private=known.private)))
