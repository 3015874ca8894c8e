"""Read JSON:API documents strictly, and write them (https://jsonapi.org/format/1.0/)."""
