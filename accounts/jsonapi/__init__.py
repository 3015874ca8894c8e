"""JSON:API documents, read strictly and written plainly (https://jsonapi.org/format/1.0/)."""
