"""Servers that tests may ask for; each is started when the first test of a process needs it."""

pytest_plugins = ["tests.servers.dovecot", "tests.servers.postfix", "tests.servers.smtp_sink"]
