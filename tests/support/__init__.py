"""What the tests share: who plays, servers, browsers, databases, faults."""
