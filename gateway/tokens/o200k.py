"""The o200k_base encoding, built from the vocabulary file in this package: no network, no cache folder.

Importing this module imports tiktoken. It is imported in the counting thread, at the first count.

Rules:
- The file is the one tiktoken would download; another digest is refused
  (`test_damaged_vocabulary_is_refused`).
- The result equals tiktoken's own encoding (`test_encoding_is_tiktokens_own`).
"""

from __future__ import annotations

import gzip
import hashlib
import io
from binascii import a2b_base64
from pathlib import Path

import tiktoken

VOCABULARY = Path(__file__).parent / "vocabulary" / "o200k_base.tiktoken.gz"
"""Lines of `<token in base64> <rank>`, compressed."""

DIGEST = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""SHA-256 of the uncompressed file; tiktoken has the same constant."""

SPECIAL_TOKENS = {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}

_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

SPLIT_PATTERN = "|".join(
    (
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
"""The pattern that splits text before tokens are merged."""


def encoding(path: Path = VOCABULARY) -> tiktoken.Encoding:
    """Build the encoding: about 0.4 s and 60 MB.

    Raises ValueError, or an error of reading and decompressing, if the file is damaged. For half of
    that time tiktoken holds the GIL: other threads are blocked once, for 0.1 to 0.2 s.
    """
    ranks = _ranks(path)
    built = tiktoken.Encoding(
        name="o200k_base",
        pat_str=SPLIT_PATTERN,
        mergeable_ranks=ranks,
        special_tokens=SPECIAL_TOKENS,
    )
    # tiktoken counts with a copy of its own; it would keep the ranks only to be pickled.
    ranks.clear()
    return built


def _ranks(path: Path) -> dict[bytes, int]:
    raw = gzip.decompress(path.read_bytes())
    if hashlib.sha256(raw).hexdigest() != DIGEST:
        raise ValueError(f"{path.name} is not the vocabulary it should be")
    ranks: dict[bytes, int] = {}
    for line in io.BytesIO(raw):
        token, rank = line.split()
        ranks[a2b_base64(token)] = int(rank)
    return ranks
