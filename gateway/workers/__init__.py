"""Processes that serve: one worker, the supervisor of several, their HTTP protocol and sockets."""
