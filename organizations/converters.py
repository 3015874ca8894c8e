"""Path converters: what can't be a name or an id is no page, and never reaches a query."""

from django.urls import register_converter

from organizations.names import ORGANIZATION_NAME


class OrganizationNameConverter:
    regex = ORGANIZATION_NAME

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(OrganizationNameConverter, "organization")
