"""Base URLs as people paste them -> the one form that adapters append to.

- `versioned` (kinds `openai` and `responses`): ends in `/v1`, unless its path already holds a version (`/v4`,
  `/v1beta/openai`, `/v1/account/gateway/openai`) or was given as a full `.../chat/completions` or
  `.../responses` address.
- `ollama_root`: the root of the server, without `/v1` or `/api`. `messages_root`: without `/v1`.
- On Azure: a bare resource ends in `/openai/v1`; the older address of a deployment keeps its `?api-version=`.
- Never a slash at the end, credentials, or any other query.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from gateway.settings.errors import InvalidValue

_VERSION = re.compile(r"v\d+[a-z0-9]*")
_OPENAI_PATHS = ("/chat/completions", "/responses")
_MESSAGES_PATH = re.compile(r"/v1(?:/messages)?$")
_DATED = re.compile(r"api-version=[\w.-]+")
_OLLAMA_PATH = re.compile(r"/(?:v1|api)(?:/chat(?:/completions)?|/generate|/tags)?$")


def without_slash(url: str) -> str:
    """The URL itself."""
    return url.rstrip("/")


def ollama_root(url: str) -> str:
    return _OLLAMA_PATH.sub("", _path_of(url)).rstrip("/")


def messages_root(url: str) -> str:
    return _MESSAGES_PATH.sub("", _path_of(url)).rstrip("/")


def versioned(url: str) -> str:
    parts, plain = urlsplit(url), _path_of(url)
    query = f"?{parts.query}" if parts.query else ""
    for path in _OPENAI_PATHS:
        if plain.endswith(path):
            return plain.removesuffix(path) + query
    if is_azure(parts.hostname or "") and urlsplit(plain).path in ("", "/openai"):
        return f"{plain.removesuffix('/openai')}/openai/v1"
    has_version = any(_VERSION.fullmatch(segment) for segment in urlsplit(plain).path.split("/"))
    return plain + query if has_version or query else f"{plain}/v1"


def _path_of(url: str) -> str:
    """Without query and final slash."""
    return url.partition("?")[0].rstrip("/")


def is_azure(host: str) -> bool:
    """Whether a host is a resource of Azure OpenAI, under any of its names."""
    return host.endswith((".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com"))


def checked_url(text: str) -> str:
    """The URL of a server. Raises InvalidValue, which never shows the text: it may contain a password."""
    url = _split(text)
    if url.username is not None or url.password is not None:
        raise InvalidValue("a URL must not hold credentials; put the key into `api_key`")
    dated = is_azure(url.hostname or "") and _DATED.fullmatch(url.query)
    if url.fragment or "#" in text or ("?" in text and not dated):
        raise InvalidValue("expected a base URL without `?` or `#`; headers go into `headers`")
    return text.strip()


def checked_proxy(text: str) -> str:
    """The URL of a proxy, which may have a user and a password. Raises InvalidValue."""
    _split(text)
    return text.strip()


def _split(text: str) -> SplitResult:
    text = text.strip()
    if any(letter.isspace() for letter in text):
        raise InvalidValue("expected a URL, got text with blanks in it")
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        raise InvalidValue(
            "expected a URL such as `http://127.0.0.1:8000`; host or port cannot be read"
        ) from None
    if url.scheme not in ("http", "https") or not host or port == 0:
        raise InvalidValue("expected a URL that begins with `http://` or `https://`" + _with_scheme(text))
    return url


_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.\-]+:\d{1,5}(?:/[A-Za-z0-9/]*)?|localhost|\d+(?:\.\d+){3}")


def _with_scheme(text: str) -> str:
    return f"; did you mean `http://{text}`?" if _HOST_AND_PORT.fullmatch(text) else ""
