"""Organization settings > Users > Invite a user: one person, or a list that is checked first.

The page of its own has both forms; the list of users also shows the first as a dialog.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.exceptions import RuleViolation
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from accounts.web.numbered import number_links, page_number, page_of_rows
from organizations.access.gate import owner_required
from organizations.exceptions import MalformedList, NoLongerAllowed, OrganizationGone
from organizations.forms.inviting_many import CheckedForm, ManyForm
from organizations.forms.members import AddMemberForm
from organizations.members import batch_work, batches, invitations, previews
from organizations.members.invited_lists import Entry, read_checked, read_file, read_pasted
from organizations.models import Membership, Organization

LIST, PAGE = "organizations:users", "organizations:invite"
MOST_OPEN = 50  # rows of a part of the preview that is not folded


@get_or_post
@owner_required
def invite(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """The page of its own, which sends to itself."""
    if request.method == "POST":
        return send(request, organization, membership)
    form = AddMemberForm()
    return invite_page(request, organization, membership, form, form, ManyForm())


@owner_required
@post_only(LIST)
def add_member(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """What the list sends: the dialog, and an invitation that is sent again."""
    return send(request, organization, membership)


def send(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    form = AddMemberForm(request.POST)
    if form.is_valid():
        who = form.cleaned_data["username"]
        try:
            invitations.invite(organization, who, actor=request.actor)
        except RuleViolation as error:
            add_violation(form, error, "username")
        else:
            messages.success(
                request, _("You invited %(who)s. The invitation is open for 7 days.") % {"who": who}
            )
            return redirect(f"{reverse(LIST, args=[organization.name])}?status=invited")
    return invite_page(request, organization, membership, form, form, ManyForm())


@owner_required
@post_only(PAGE)
def preview(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Show the fate of each row. Nobody is invited, and nothing is stored."""
    form = ManyForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.content
        try:
            entries = read_pasted(form.cleaned_data["people"]) if content is None else read_file(content)
            judged = previews.preview(organization, entries, actor=request.actor)
        except RuleViolation as error:
            add_violation(form, error, "people" if content is None else "file")
        else:
            again = ManyForm(initial={"people": form.cleaned_data["people"]} if content is None else {})
            return preview_page(request, organization, membership, judged, again)
    return refused_list(request, organization, membership, form)


def preview_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    judged: previews.Preview,
    again: ManyForm,
) -> HttpResponse:
    context = {
        "organization": organization,
        "membership": membership,
        "preview": judged,
        "checked": CheckedForm.of([(row.entry.position, row.entry.who) for row in judged.invited]),
        "many": again,
        "most_open": MOST_OPEN,
    }
    return render(request, "organizations/invite_preview.html", context)


@owner_required
@post_only(PAGE)
def start(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    """Invite the people of a list that was checked: the first of them at once."""
    form = CheckedForm(request.POST)
    many = ManyForm({})
    try:
        entries = entries_of(form)
        people = [(entry.position, entry.who) for entry in entries]
        batch = batches.start(organization, people, key=form.cleaned_data["key"], actor=request.actor)
    except (NoLongerAllowed, OrganizationGone):
        raise
    except RuleViolation as error:
        add_violation(many, error)
        return refused_list(request, organization, membership, many)
    batch_work.send_at_once(batch)
    return redirect("organizations:batch", organization.name, batch.pk)


def entries_of(form: CheckedForm) -> list[Entry]:
    """Return the rows of the form. Raises MalformedList, NoPeople, TooManyRows."""
    if not form.is_valid():
        raise MalformedList
    return read_checked(form.cleaned_data["people"])


def refused_list(
    request: SignedInRequest, organization: Organization, membership: Membership, many: ManyForm
) -> HttpResponse:
    single = AddMemberForm()
    single.fields["username"].widget.attrs["autofocus"] = False
    return invite_page(request, organization, membership, many, single, many)


def invite_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    sent: AddMemberForm | ManyForm,
    single: AddMemberForm,
    many: ManyForm,
) -> HttpResponse:
    """Render both forms, of which `sent` has the mistakes, and the lists so far."""
    page = page_of_rows(organization.batches.order_by("-id"), page_number(request))
    context = {
        "organization": organization,
        "membership": membership,
        "single": single,
        "many": many,
        "page": page,
        **number_links(page, reverse(PAGE, args=[organization.name])),
    }
    return form_page(request, "organizations/invite.html", sent, **context)
