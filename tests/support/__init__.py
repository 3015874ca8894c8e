"""Share people, servers, browsers, databases and faults among the tests."""
