"""The caller's own account."""

from django.http import HttpResponse

from accounts.documents import user_resource
from accounts.endpoints import Call, has_sudo, user_token_required
from accounts.jsonapi import document, respond


@user_token_required
def details(call: Call) -> HttpResponse:
    return respond(document(user_resource(call.user, own=True, sudo=has_sudo(call))))
