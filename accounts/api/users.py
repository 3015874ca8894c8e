"""People by their ids."""

from django.http import HttpResponse

from accounts.documents import user_resource
from accounts.endpoints import Call, has_sudo, not_found, user_token_required
from accounts.ids import row_id
from accounts.jsonapi import document, respond


@user_token_required
def show(call: Call, user_id: str) -> HttpResponse:
    """Show oneself. Of others, only organizations tell, to their members (AP-14)."""
    if row_id("user", user_id) != call.user.pk:
        raise not_found()
    return respond(document(user_resource(call.user, own=True, sudo=has_sudo(call))))
