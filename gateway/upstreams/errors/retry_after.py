"""When an upstream allows the next request -> seconds.

    retry-after: 7 | Wed, 21 Oct 2026 07:28:00 GMT      retry-after-ms: 1500
    x-ratelimit-reset-tokens: 6m0s | 120ms | 17.5       x-ratelimit-reset: 1792567680000
    "Please try again in 1m30.5s."

Rules:
- The first of these that is present counts, in this order. Of several limits the exhausted one counts; if
  none is exhausted, the one that resets first.
- A point in time is compared with the upstream's own clock (`date`), if it sends one.
- No pause is longer than `LONGEST`: clients sleep as long as the header says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""Seconds."""
_EPOCH, _EPOCH_MS = 1e9, 1e12
"""Larger numbers are points in time, in seconds and milliseconds."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
_PART = re.compile(
    r"[ ,]*(?:and )?(\d+(?:\.\d+)?) ?"
    r"(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|)(?![a-z])",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"(?:try again|retry)(?: after| in)?(?= ?\d)", re.IGNORECASE)
_LIMIT = "x-ratelimit-reset"


def retry_after(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """The headers' value in seconds from `now` (of the epoch); None without one."""
    now = _moment(headers.get("date", "")) or now
    if (value := _after(headers.get("retry-after", ""), now)) is not None:
        return value
    if (value := _number(headers.get("retry-after-ms", ""))) is not None:
        return _capped(value / 1000)
    return _renewal(headers, now) if status == 429 else None


def retry_after_in_text(words: str) -> float | None:
    """The pause that an error text states, in seconds."""
    found = _AGAIN.search(words)
    return parse_retry_duration(words[found.end() :]) if found else None


def parse_retry_duration(text: str) -> float | None:
    """`1h2m3.5s`, `120ms`, `20 seconds`, or a plain number of seconds; trailing text is ignored."""
    total, at = None, 0
    while part := _PART.match(text, at):
        unit = part[2].lower()
        scale = _UNITS["ms"] if unit.startswith(("ms", "milli")) else _UNITS[unit[:1]]
        total, at = (total or 0.0) + float(part[1]) * scale, part.end()
    return None if total is None else _capped(total)


def _after(value: str, now: float) -> float | None:
    if (seconds := _number(value)) is not None:
        return _capped(seconds)
    moment = _moment(value)
    return None if moment is None else _capped(moment - now)


def _renewal(headers: Mapping[str, str], now: float) -> float | None:
    known = list(_renewals(headers, now))
    used_up = [seconds for seconds, remaining in known if remaining == 0]
    return max(used_up) if used_up else min((seconds for seconds, _ in known), default=None)


def _renewals(headers: Mapping[str, str], now: float) -> Iterator[tuple[float, float | None]]:
    """For each limit: when it resets and what remains of it."""
    for name, value in headers.items():
        if name.lower().startswith(_LIMIT) and (seconds := _until(value, now)) is not None:
            yield seconds, _number(headers.get(name.lower().replace("reset", "remaining", 1), ""))


def _until(value: str, now: float) -> float | None:
    number = _number(value)
    if number is None or number < _EPOCH:
        return parse_retry_duration(value)
    return _capped((number / 1000 if number >= _EPOCH_MS else number) - now)


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\s*\d{1,20}(\.\d+)?\s*", value) else None


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


def _capped(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)
