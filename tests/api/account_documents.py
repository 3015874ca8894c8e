"""What answers about people say."""


def attributes_of(response):
    assert response.status_code == 200, response.content
    return response.json()["data"]["attributes"]


def id_of(user):
    return f"user-{user.pk:016}"
