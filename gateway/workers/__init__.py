"""Serving processes: one worker, the supervisor of several, their HTTP protocol and sockets."""
