"""Real servers, and servers that misbehave on purpose, for the tests."""
