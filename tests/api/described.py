"""What docs/openapi.yaml says that operations (routes.py) take and show."""

from tests.api.test_openapi import DOCUMENT, shape


def resolved(node):
    """What a reference stands for."""
    while "$ref" in node:
        _, *names = node["$ref"].split("/")
        node = DOCUMENT
        for name in names:
            node = node[name]
    return node


def described(operation):
    """What is said of a method of a path, and of the path."""
    [item] = [item for path, item in DOCUMENT["paths"].items() if shape(path) == shape(operation.template)]
    return item[operation.method.lower()], item


def parameters_of(operation):
    """The names that a query can have."""
    parameters = [resolved(one) for part in described(operation) for one in part.get("parameters", [])]
    return {one["name"] for one in parameters if one["in"] == "query"}


def attributes_of(operation):
    """(names of the attributes that it takes, those that it needs)"""
    body = resolved(described(operation)[0].get("requestBody", {"content": {}}))
    documents = [resolved(content["schema"]).get("properties", {}) for content in body["content"].values()]
    sent = [found for one in documents for found in attributes_in(one.get("data", {}))]
    return (
        {name for one in sent for name in properties_of(one)},
        {name for one in sent for name in one.get("required", [])},
    )


def attributes_in(schema):
    properties = resolved(schema).get("properties", {})
    return [resolved(properties["attributes"])] if "attributes" in properties else []


def properties_of(schema):
    """The names in an object, in whatever form it comes."""
    forms = [form for word in ("anyOf", "oneOf", "allOf") for form in schema.get(word, [])]
    return set(schema.get("properties", {})).union(*(properties_of(resolved(form)) for form in forms))


def all_attributes():
    """Whatever is an attribute anywhere: taken, or shown and read only."""
    schemas = DOCUMENT["components"]["schemas"].values()
    resources = [resolved(schema.get("properties", {}).get("data", schema)) for schema in schemas]
    return {name for one in resources for found in attributes_in(one) for name in properties_of(found)}
