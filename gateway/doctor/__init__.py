"""Finds out what a model server is, what its models can do, and what to write into the YAML for it.

    identity       who answers at an address, with which models and windows: a handful of GETs
    trials         real, small requests: does it answer, call tools, see, reason, stop, cache
    examination    the trials in order, each bounded in time, each with its evidence; the verdict
    configuration  what was found -> a commented gateway.yaml

Rules:
- A server may answer anything: what cannot be read counts as not said
  (`test_garbage_is_no_server_and_no_crash`).
- No finding without evidence: what was not seen is `unknown`, never `no`.
- The key goes to the server and nowhere else: it is struck out of everything that came back.
"""
