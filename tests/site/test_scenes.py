"""The list of scenes leaves out no page: it is what is looked at, in pictures and by axe."""

import re

from django.urls import resolve

from tests.support.crawler import routes
from tests.support.scenes import RENDERED, every_scene

# What answers GET, and not with a page of ours, or with a page that is a scene under another path.
NOT_PAGES = {
    "/",
    "/.well-known/change-password",
    "/.well-known/terraform.json",
    "/.well-known/security.txt",
    "/robots.txt",
    "/favicon.ico",
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
    "/healthz",
    "/readyz",
    "/account/confirm/<token>",
    "/account/password/reset/<token>",
    "/app/invitations/<token>",
    "/admin/login/",
    "/admin/autocomplete/",
    "/admin/jsi18n/",
    "/admin/r/<content_type_id>/<object_id>/",
    "/admin/<app_label>/",
    "/admin/<url>",
    "/webhooks/sms-status",
}
MADE_BY_DJANGO = re.compile(
    r"/admin/\w+/\w+/(add|<object_id>/(history|delete|change)|<object_id>|<pk>/(lift|send-again|withdraw))/$"
)


def test_every_page_is_a_scene():
    paths = {scene.path.partition("?")[0] for scene in every_scene() if scene.path != RENDERED}
    shown = {resolve(re.sub(r"\{\w+\}", "1", path)).view_name for path in paths - {"/nowhere"}}
    missing = []
    for route in routes():
        if str(route) in NOT_PAGES or MADE_BY_DJANGO.match(str(route)):
            continue
        match = resolve(route.template % dict.fromkeys(route.arguments, "1"))
        acts = hasattr(match.func, "page")  # `post_only`: its answers are shown by the page that has its form
        if not acts and match.view_name not in shown:
            missing.append(str(route))

    assert missing == []


def test_every_scene_has_a_name_of_its_own():
    names = [scene.name for scene in every_scene()]

    assert len(names) == len(set(names))
