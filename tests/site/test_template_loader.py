"""Templates look up once what never changes (tfc_auth/template_loader.py).

Pages and mails stay as Django makes them.
"""

import copy
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.template import Context, TemplateSyntaxError, engines
from django.test import override_settings

from tests.support.scenes import letters
from tests.support.visitor import Visitor

LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
PAGES = [
    ("anonymous", "/session"),
    ("anonymous", "/account/new"),
    ("anonymous", "/account/password/forgot"),
    ("anonymous", "/docs"),
    ("anonymous", "/nowhere"),
    ("olga", "/nowhere"),
    ("olga", "/app"),
    ("mia", "/app"),
    ("mia", "/app/fort/locked-out"),
    ("mia", "/app/settings/two-factor"),
    ("olga", "/app/settings/two-factor"),
    ("olga", "/app/settings/profile"),
    ("olga", "/app/settings/password"),
    ("olga", "/app/settings/sessions"),
    ("olga", "/app/settings/tokens"),
    ("olga", "/app/settings/activity"),
    ("olga", "/app/open"),
    ("olga", "/app/open/settings/general"),
    ("olga", "/app/open/settings/users"),
    ("olga", "/app/open/settings/users?status=invited"),
    ("olga", "/app/open/settings/authentication"),
    ("olga", "/app/open/settings/authentication-tokens"),
    ("root", "/admin/"),
    ("root", "/admin/accounts/user/"),
    ("root", "/admin/accounts/auditevent/"),
]
TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]+')


def templates(loader, *folders):
    changed = copy.deepcopy(settings.TEMPLATES)
    changed[0]["DIRS"] = [*folders, *changed[0]["DIRS"]]
    changed[0]["OPTIONS"]["loaders"] = [(loader, LOADERS)]
    return override_settings(TEMPLATES=changed)


def by_django():
    return templates("django.template.loaders.cached.Loader")


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_is_what_django_makes_of_its_templates(stage, who, path):
    browser = stage.browser(who)

    with time_machine.travel(datetime.now(UTC), tick=False):
        ours = [TOKEN.sub(r"\1", browser.get(path).content.decode()) for _ in range(2)]
        with by_django():
            theirs = TOKEN.sub(r"\1", browser.get(path).content.decode())

    assert ours == [theirs, theirs]  # the second time, tags have kept what they found


def test_so_is_a_mail(db):
    ours = [letters(), letters()]
    with by_django():
        theirs = letters()

    assert ours == [theirs, theirs]


PLURAL = (
    "{%% load i18n %%}{%% blocktranslate %s %%}{{ n }} apple {{ name }}"
    "{%% plural %%}{{ n }} apples {{ name }}{%% endblocktranslate %%}"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{% load i18n %}{% translate "Show <b>" %}', "Show <b>"),
        (
            '{% load i18n %}{% translate "100 %" %}{% blocktranslate %} 100 %{% endblocktranslate %}',
            "100 % 100 %",
        ),
        ('{% load i18n %}{% translate "Show" as word %}{{ word }}', "Show"),
        ("{% load i18n %}{% translate name %}", "&lt;i&gt;"),
        ("{% load i18n %}{% blocktranslate %}For {{ name }}{% endblocktranslate %}", "For &lt;i&gt;"),
        (
            "{% load i18n %}{% blocktranslate with n=name|upper %}{{ n }}{{ lack }}{% endblocktranslate %}",
            "&lt;I&gt;",
        ),
        ("{% load i18n %}{% blocktranslate asvar x %}{{ name }}{% endblocktranslate %}{{ x }}", "&lt;i&gt;"),
        ("{% load i18n %}{% autoescape off %}{% translate name %}{% endautoescape %}", "<i>"),
        ('{% url "accounts:sign_in" %}', "/session"),
        ('{% url "accounts:sign_in" as page %}{{ page }}', "/session"),
        ('{% url "accounts:no_such_page" as page %}[{{ page }}]', "[]"),
        ('{% url "site:docs" "two-factor" %}', "/docs/two-factor"),
        ('{% include "inner.html" with name="x" %}{{ name }}', "[x]&lt;i&gt;"),
        (PLURAL % "count n=one", "1 apple &lt;i&gt;"),
        (PLURAL % "count n=two", "2 apples &lt;i&gt;"),
        (PLURAL % "with m=one count n=m", "1 apple &lt;i&gt;"),
        ('{% include "inner.html" %}{{ name }}', "[&lt;i&gt;]&lt;i&gt;"),
        ('{% include "inner.html" only %}', "[]"),
        ('{% extends "outer.html" %}{% block a %}A{{ block.super }}{% endblock %}', "(Aa)(b)"),
        ('{% extends "middle.html" %}{% block b %}B{% endblock %}', "(ma)(B)"),
        ('{% if name %}{% translate "yes" %}{% else %}no{% endif %}', None),  # `translate` is not loaded
    ],
)
def test_tags_mean_what_they_mean_in_django(db, tmp_path, text, shown):
    files = {
        "inner.html": "[{{ name }}]",
        "outer.html": "({% block a %}a{% endblock %})({% block b %}b{% endblock %})",
        "middle.html": '{% extends "outer.html" %}{% block a %}m{{ block.super }}{% endblock %}',
        "page.html": text,
    }
    for name, written in files.items():
        (tmp_path / name).write_text(written)

    for loader in ("tfc_auth.template_loader.Loader", "django.template.loaders.cached.Loader"):
        with templates(loader, tmp_path):
            if shown is None:
                with pytest.raises(Exception, match="translate"):
                    engines["django"].get_template("page.html")
                continue
            page = engines["django"].get_template("page.html").template
            rendered = [page.render(Context({"name": "<i>", "one": 1, "two": 2})) for _ in range(2)]
            assert rendered == [shown, shown], loader


def test_a_number_that_is_missing_is_an_error(db, tmp_path):
    """As in Django: a mail that lacks its number fails its test."""
    (tmp_path / "page.html").write_text(PLURAL % "count n=lack")

    with templates("tfc_auth.template_loader.Loader", tmp_path):
        page = engines["django"].get_template("page.html").template
        with pytest.raises(TemplateSyntaxError):
            page.render(Context({"name": "<i>"}))


def test_a_template_may_extend_one_of_its_own_name(db, tmp_path):
    above, below = tmp_path / "above", tmp_path / "below"
    for folder, text in [
        (above, '{% extends "page.html" %}{% block a %}above {{ block.super }}{% endblock %}'),
        (below, "{% block a %}below{% endblock %}"),
    ]:
        folder.mkdir()
        Path(folder / "page.html").write_text(text)

    with templates("tfc_auth.template_loader.Loader", above, below):
        page = engines["django"].get_template("page.html").template
        assert [page.render(Context()) for _ in range(2)] == ["above below"] * 2


SETTINGS = """
from tfc_auth.settings import *

LANGUAGES = [("en", "English"), ("de", "Deutsch")]
USE_I18N = True
"""


def test_a_second_language_is_chosen_by_the_browser(start_site, tmp_path):
    """Django's own catalogs have some of our texts, so none has to be made for this."""
    (tmp_path / "two_languages.py").write_text(SETTINGS)
    site = start_site(DJANGO_SETTINGS_MODULE="two_languages", PYTHONPATH=str(tmp_path))

    visitor, found = Visitor(site.url), {}
    for language in ("de", "en", "de"):
        answer = visitor.get("/session", **{"Accept-Language": language})
        found[language] = (
            answer.headers["Content-Language"],
            re.findall(r"Passwor[td](?=</label>)", answer.text),
        )

    assert found == {"de": ("de", ["Passwort"]), "en": ("en", ["Password"])}
