"""User Settings > Tokens: generated behind sudo, shown once, listed, revoked."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, Session, User, hash_of_token
from accounts.tokens.issuing import MOST_TOKENS
from tests.accounts.tokens.pages import CREATE, FORM, PAGE, generate, text_of
from tests.api.clients import ApiClient, token_of
from tests.support.organizations import let_sudo_expire
from tests.support.pages import secret_on
from tests.support.people import PASSWORD, enrol, make_user, sign_in
from tests.support.two_factor import answer, pending

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "Created without two-factor"


# ---------------------------------------------------------------- generating


def test_a_generated_token_works_and_is_listed(alice):
    client = sign_in(alice)

    secret = generate(client)
    ApiClient(secret).get("/account/details")
    page = text_of(client.get(PAGE))

    assert ApiClient(secret).get("/account/details").status_code == 200
    for words in ("Tokens (1)", "nightly build", "Created", "last used", "expires"):
        assert words in page
    assert [
        event.event for event in AuditEvent.objects.filter(event__startswith="token.").order_by("pk")
    ] == ["token.created"]


def test_ap_05_the_token_is_shown_once_and_not_to_be_kept(alice):
    client = sign_in(alice)

    response = client.post(CREATE, FORM)
    secret = secret_on(response)

    assert response["Cache-Control"] == "no-store"
    assert 'data-copy="#token"' in response.content.decode()
    for page in (PAGE, "/app/settings/activity", "/app", "/app/settings/profile"):
        shown = client.get(page)
        assert secret not in shown.content.decode()
        assert hash_of_token(secret) not in shown.content.decode()
        assert secret not in str(shown.cookies) + str(client.cookies)


@pytest.mark.parametrize(("chosen", "days"), [("30", 30), ("90", 90), ("365", 365), ("never", None)])
def test_a_token_expires_as_chosen(alice, chosen, days):
    generate(sign_in(alice), expires=chosen)

    end = ApiToken.objects.get().expires_at
    assert (
        end is None
        if days is None
        else abs(end - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
    )


def test_each_choice_says_which_day_it_means(alice):
    page = text_of(sign_in(alice).get(PAGE))

    for days in (30, 90, 365):
        end = timezone.now() + timedelta(days=days)
        assert f"({end.day} {end:%b %Y})" in page
    assert re.search(r'<option value="90" selected>', page)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": ""},
        {"description": "  \t "},
        {"description": "a" * 201},
        {"expires": ""},
        {"expires": "7"},
        {"expires": "1e9"},
        {"expires": "9" * 5000},
    ],
)
def test_what_the_form_does_not_take_is_refused_and_said(alice, fields):
    response = sign_in(alice).post(CREATE, FORM | fields)

    assert response.status_code == 422
    assert 'class="errorlist"' in response.content.decode()
    assert not ApiToken.objects.exists()


def test_html_in_a_description_is_text_and_a_long_one_fits(alice, mailoutbox):
    client = sign_in(alice)
    evil = "<script>alert(1)</script>\r\n\r\nDear alice, all is well\x1b[31m"

    response = client.post(CREATE, FORM | {"description": evil})
    generate(client, description="w" * 200)

    for page in (response, client.get(PAGE)):
        assert b"<script>alert" not in page.content
    shown = "<script>alert(1)</script> Dear alice, all is well[31m"
    assert ApiToken.objects.earliest("pk").description == shown
    assert "\nDear alice" not in mailoutbox[-2].body
    assert "w" * 200 in client.get(PAGE).content.decode()


def test_without_tokens_the_page_says_so(alice):
    page = text_of(sign_in(alice).get(PAGE))

    assert "Tokens (0)" in page
    assert "None." in page


def fill(user, number, **fields):
    """Give a user so many tokens, without the verb: some tests need hundreds."""
    ApiToken.objects.bulk_create(
        [
            ApiToken(owner=user, token_hash=f"{len(fields)}:{n}", description=f"token {n}", **fields)
            for n in range(number)
        ]
    )


def test_sf5_two_hundred_tokens_that_work_are_enough(alice):
    client = sign_in(alice)
    fill(alice, MOST_TOKENS)

    refused = client.post(CREATE, FORM)

    assert refused.status_code == 422
    assert "You have 200 working tokens" in text_of(refused)
    assert "Revoke those that you no longer need" in text_of(refused)
    assert 'value="nightly build"' in refused.content.decode()


def test_sf5_tokens_that_have_expired_do_not_count(alice):
    client = sign_in(alice)
    fill(alice, MOST_TOKENS, expires_at=timezone.now())

    assert client.post(CREATE, FORM).status_code == 200


def test_sf5_a_page_lists_twenty_tokens_and_leads_to_the_older_ones(alice, django_assert_max_num_queries):
    client = sign_in(alice)
    fill(alice, 45)

    shown, path = [], PAGE
    while path:
        with django_assert_max_num_queries(5):
            page = client.get(path)
        assert "Tokens (45)" in text_of(page)
        shown.append([token.description for token in page.context["page"].rows])
        path = page.context.get("next_url")

    assert [len(tokens) for tokens in shown] == [20, 20, 5]
    assert [token for tokens in shown for token in tokens] == [f"token {n}" for n in reversed(range(45))]
    assert "41–45 of 45" in text_of(page)
    assert "21–40 of 45" in text_of(client.get(page.context["previous_url"]))


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 19, "1,", "1,x", "1,1,1", "٣,٣"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_sf5_a_malformed_page_of_tokens_is_a_clear_error(alice, side, cursor):
    assert sign_in(alice).get(PAGE, {side: cursor}).status_code == 400


def test_sf5_behind_the_oldest_token_there_is_nothing(alice):
    client = sign_in(alice)
    fill(alice, 1)

    assert "There is nothing on this page." in text_of(client.get(PAGE, {"after": "1,1"}))


def test_sf5_more_tokens_than_are_counted(alice):
    client = sign_in(alice)
    fill(alice, 1_001)

    page = text_of(client.get(PAGE))

    assert "Tokens (more than 1,000)" in page
    assert "1–20 of more than 1,000" in page


def test_the_person_is_told_and_what_to_do_about_it(alice, mailoutbox):
    generate(sign_in(alice))

    mail = mailoutbox[-1]
    assert mail.to == [alice.email]
    for words in ("nightly build", PAGE, "/app/settings/password", "Expires:"):
        assert words in mail.body


# ---------------------------------------------------------------- AP-04: sudo


def test_ap_04_after_six_minutes_a_fresh_proof_comes_first_and_nothing_typed_is_lost(alice):
    client = sign_in(alice)
    let_sudo_expire(alice)

    asked = client.post(CREATE, {"description": "nightly & daily", "expires": "30"})
    assert asked["Location"].startswith("/session/sudo?next=")
    assert not ApiToken.objects.exists()
    page = client.post(asked["Location"], {"password": PASSWORD})
    shown = client.get(page["Location"]).content.decode()

    assert page["Location"].startswith(PAGE)
    assert 'value="nightly &amp; daily"' in shown
    assert '<option value="30" selected>' in shown
    assert not ApiToken.objects.exists()  # never replayed


def test_ap_04_a_pending_login_and_nobody_get_no_token(alice):
    enrol(alice)

    for client in (pending(alice), Client()):
        assert client.post(CREATE, FORM)["Location"].startswith("/session")
        assert client.get(PAGE)["Location"].startswith("/session")
    assert not ApiToken.objects.exists()


def test_revoking_asks_for_a_fresh_proof_as_well(alice):
    client = sign_in(alice)
    generate(client)
    let_sudo_expire(alice)

    response = client.post(f"{PAGE}/{ApiToken.objects.get().pk}/revoke")

    assert response["Location"].startswith("/session/sudo?next=%2Fapp%2Fsettings%2Ftokens")
    assert ApiToken.objects.exists()


# ---------------------------------------------------------------- behind two-factor


def test_a_token_knows_whether_two_factor_stood_behind_it(alice):
    client = sign_in(alice)
    generate(client, description="before")
    assert MARK not in text_of(client.get(PAGE))

    enrol(alice, client)
    generate(client, description="after")

    assert list(ApiToken.objects.order_by("pk").values_list("verified", flat=True)) == [False, True]
    page = text_of(client.get(PAGE))
    assert page.count(MARK) == 1
    assert page.index("after") < page.index("before") < page.index(MARK)
    assert "Generate a new one to replace it." in page


def test_a_remembered_browser_proves_itself_before_it_makes_a_verified_token(alice):
    app = enrol(alice)
    client = pending(alice)
    client.post("/session/two-factor", {"code": app.fresh_code(), "remember": "on"})
    client.post("/session/logout")
    client.post("/session", {"username": "alice", "password": PASSWORD})
    assert Session.objects.filter(user=alice, factor="remembered").exists()

    asked = client.post(CREATE, FORM)
    answer(client, app.fresh_code(), asked["Location"])
    generate(client)

    assert asked["Location"].startswith("/session/sudo")
    assert ApiToken.objects.get().verified


# ---------------------------------------------------------------- revoking


def test_a_revoked_token_is_gone_at_once(alice):
    client = sign_in(alice)
    secret = generate(client)
    path = f"{PAGE}/{ApiToken.objects.get().pk}/revoke"

    first, second = client.post(path), client.post(path)

    assert first["Location"] == second["Location"] == PAGE
    assert "That token no longer exists." in text_of(client.get(PAGE))
    assert ApiClient(secret).get("/account/details").status_code == 401
    assert AuditEvent.objects.filter(event="token.revoked").count() == 1


def test_nobody_revokes_somebody_elses(alice, mallory):
    secret = token_of(alice)

    sign_in(mallory).post(f"{PAGE}/{ApiToken.objects.get().pk}/revoke")

    assert ApiClient(secret).get("/account/details").status_code == 200


def test_an_expired_token_is_shown_as_expired(alice):
    client = sign_in(alice)
    generate(client)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(days=3))

    page = text_of(client.get(PAGE))

    assert "Expired" in page
    assert "Revoke this token" in page


def test_the_activity_page_says_what_was_done(alice):
    client = sign_in(alice)
    generate(client)
    client.post(f"{PAGE}/{ApiToken.objects.get().pk}/revoke")

    page = text_of(client.get("/app/settings/activity"))

    assert "Generated an API token" in page
    assert "Revoked an API token" in page


def test_site_admins_see_how_many_and_no_more(alice):
    owner = sign_in(alice)
    generate(owner)
    owner.post(f"{PAGE}/{ApiToken.objects.get().pk}/revoke")
    secret = token_of(alice)
    root = make_user("root", is_staff=True, is_superuser=True)

    browser = sign_in(root, enrol(root))
    page = browser.get(f"/admin/accounts/user/{alice.pk}/change/").content.decode()
    page += browser.get(f"/admin/accounts/user/{alice.pk}/tokens/").content.decode()
    page += browser.get(f"/admin/accounts/auditevent/?user_id={alice.pk}").content.decode()
    for event in AuditEvent.objects.filter(event__startswith="token."):
        page += browser.get(f"/admin/accounts/auditevent/{event.pk}/change/").content.decode()

    assert ApiToken.objects.get(owner=alice).public_id in page
    assert hash_of_token(secret) not in page
    assert "nightly" not in page


# ---------------------------------------------------------------- at rest


def test_nothing_is_left_of_a_token_but_its_hash(alice):
    secret = generate(sign_in(alice))

    assert ApiToken.objects.get().token_hash == hash_of_token(secret)
    assert User.objects.count() == 1
