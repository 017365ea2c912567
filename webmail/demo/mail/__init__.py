"""The sample mail, one module for each kind of sender. Law: everything is invented here and built by code, on reserved domains only.

Each module has a function ``mail(when)`` that gives its messages with dates relative to now.
"""
