"""Organizations: listed, shown, made, changed and deleted."""

from django.http import HttpResponse

from accounts.endpoints import Call
from accounts.jsonapi import document, respond
from organizations.api_gate import Access, member_required
from organizations.documents import organization_resource


@member_required
def show(call: Call, access: Access) -> HttpResponse:
    return respond(document(organization_resource(access)))
