"""Servers that tests may ask for; each is started when the first test of a process needs it.

A plugin stands below those it imports, because pytest prepares each before its first import.
"""

pytest_plugins = [
    "tests.servers.dovecot",
    "tests.servers.proxy",
    "tests.servers.pymap_server",
    "tests.servers.scripted",
    "tests.servers.imap_servers",
    "tests.servers.postfix",
    "tests.servers.smtp_sink",
]
