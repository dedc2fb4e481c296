"""Finds out what a model server is, what its models can do, and how to configure it.

    identity       which server is at an address, with its models and windows: a handful of GETs
    *.py           small real requests, a module each: does it answer, call tools, see, reason, cache
    examination    these probes in order, each with a timeout and its evidence; the verdict
    configuration  the findings -> a commented gateway.yaml

Rules:
- A server may answer anything: unreadable answers count as missing
  (`test_garbage_is_no_server_and_no_crash`).
- No finding without evidence: what was not observed is `unknown`, never `no`.
- The key is sent to the server only: it is redacted from all its answers.
"""
