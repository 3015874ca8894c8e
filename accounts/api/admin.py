"""What site admins with the right to change users can do (D14). All other callers get a 404."""

from django.http import HttpResponse

from accounts.api.endpoint import Call
from accounts.api.errors import forbidden, not_found
from accounts.api.gates import staff_token_required
from accounts.api.resources import administered_user_resource
from accounts.exceptions import AccountGone, TwoFactorNotEnabled
from accounts.jsonapi.documents import document, respond
from accounts.jsonapi.errors import ApiError
from accounts.models import User
from accounts.models.public_ids import row_id
from accounts.two_factor import removal
from accounts.users.administration import NotYours
from accounts.users.rights import may_change_users


@staff_token_required
def disable_two_factor(call: Call, user_id: str) -> HttpResponse:
    """Disable two-factor authentication for a user who has lost every device (R33).

    The body is empty by contract, so the recorded reason names the token.
    """
    if not may_change_users(call.user):
        raise not_found()
    call.check_body()
    user = User.objects.filter(pk=row_id("user", user_id)).first()
    if user is None or call.token is None:
        raise not_found()
    reason = f"API, token {call.token.public_id}"
    try:
        removal.disable(user, reason=reason, actor=call.actor)
    except TwoFactorNotEnabled as error:
        raise ApiError(400, detail=str(error)) from error
    except NotYours as error:
        raise forbidden(str(error)) from error
    except AccountGone as error:
        raise not_found() from error
    changed = User.objects.filter(pk=user.pk).first()
    if changed is None:
        raise not_found()
    return respond(document(administered_user_resource(changed)))
