"""The commands: start everything, start a part of it, look after it. Law: it puts rooms together and does no work of its own.

``flask --app app`` offers all of them. ``python -m webmail.cli`` offers those that start programs; they load neither the
application nor its databases, so they are quick and need no settings to explain what is wrong with them.
"""
