"""What is typed is not sent back as markup, by no form, query or path of the site (WH-04)."""

import pytest

from tests.hardening.markup import ADDRESS, MARKUP, came_alive
from tests.support.crawler import FORM
from tests.test_bad_input import encoded, right_values, sent

pytestmark = pytest.mark.django_db


def test_wh_04_no_form_sends_markup_back(everybody, db):
    wrong = []

    for walker, form in everybody.forms:
        for name in [field.name for field in form.fields]:
            for text in [MARKUP, ADDRESS]:
                body = encoded(right_values(form) | {name: text})
                answer = sent(walker, form, body, FORM)
                if found := came_alive(answer.text):
                    wrong.append((str(form), name, found))

    assert len(everybody.forms) > 30
    assert wrong == []


def test_wh_04_no_query_and_no_path_sends_markup_back(everybody, db):
    wrong = []
    nasty = encoded({"x": MARKUP}).decode()[2:]

    for walker, page in {page.path: (walker, page) for walker, page in everybody.pages}.values():
        names = page.parameters | {"next", "q", "after", "factor", "status"}
        query = "&".join(f"{name}=%2F{nasty}" for name in sorted(names))
        for path in (f"{page.path}?{query}", f"{page.path}?next=%2F{nasty}", f"{page.path}{nasty}"):
            if found := came_alive(walker.get(path).text):
                wrong.append((path, found))

    assert wrong == []
