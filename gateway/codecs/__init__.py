"""Byte and text framing: SSE, NDJSON, lines, bodies, JSON scanning, buffer limits. No I/O."""
