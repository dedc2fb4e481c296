"""What `make lint` checks besides the linters: unique names, sizes of files and functions, plain words.

    python tools/style.py

- Names: a public class or function name stands in one module of `gateway`. Exempt are wire modules, which are
  reached through a letter (`o.Usage`), `gateway.testing`, whose names belong to its users, and `INTERFACES`.
- Vague names: no function, class, parameter, field or variable of `gateway` is named with a word of `VAGUE`:
  a name tells what it holds. Wire modules and `gateway.testing` are exempt here, too.
- Sizes: a file of `gateway` has at most 300 lines, a function at most 40.
- Words: `tools/words.toml` lists patterns with what to write instead. Docstrings, comments and documents
  contain none; text in backquotes does not count.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
WIRE = ("/wire.py", "/response_wire.py", "anthropic/response/events.py", "doctor/json_access.py")
INTERFACES = {"adapter", "prompt_of", "main", "run"}
"""One in each module of a kind: the kinds' adapters and prompts, commands and scripts."""
WORDS = ROOT / "tools" / "words.toml"
LINES, FUNCTION_LINES = 300, 40
CODE = re.compile(r"`[^`]*`")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/adr/*.md")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """The modules whose names are checked."""
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if not (module.endswith(WIRE) or module.startswith("gateway/testing/")):
            yield module, ast.parse(path.read_text())


def names() -> Iterator[str]:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for module, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                places[node.name].append(f"{module}:{node.lineno}")
    for name, found in places.items():
        if len(found) > 1 and not name.startswith("_") and name not in INTERFACES:
            yield f"{found[0]}: `{name}` is also in {', '.join(found[1:])}: rename one of them"


def vague_names() -> Iterator[str]:
    """Compared without case and outer underscores."""
    vague = frozenset(tomllib.loads(WORDS.read_text())["vague_names"])
    for module, tree in modules():
        for node in ast.walk(tree):
            name = bound_name(node)
            if name.strip("_").lower() in vague:
                yield f"{module}:{getattr(node, 'lineno', 1)}: `{name}` is vague: say what it holds or does"


def bound_name(node: ast.AST) -> str:
    """The name that a definition, an assignment or a pattern binds; empty for other nodes."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case (
            ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store())
        ):
            return name
        case (
            ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
            | ast.ExceptHandler(name=str(name))
            | ast.alias(asname=str(name))
        ):
            return name
        case _:
            return ""


def sizes() -> Iterator[str]:
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        source = path.read_text()
        module, lines = path.relative_to(ROOT).as_posix(), source.count("\n")
        if lines > LINES:
            yield f"{module}: {lines} lines; at most {LINES}: move a part to a module of its own"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield f"{module}:{node.lineno}: `{node.name}`: {length} lines; at most {FUNCTION_LINES}"


def words() -> Iterator[str]:
    listed = tomllib.loads(WORDS.read_text())["word"]
    patterns = [(re.compile(one["pattern"], re.IGNORECASE), one["instead"]) for one in listed]
    anything = re.compile("|".join(f"(?:{one['pattern']})" for one in listed), re.IGNORECASE)
    for path, line, text in prose():
        for number, one in enumerate(text.splitlines()):
            plain = CODE.sub("", one)
            if anything.search(plain):
                for pattern, instead in patterns:
                    for found in pattern.finditer(plain):
                        yield f"{path}:{line + number}: {found[0]!r}; write instead: {instead}"


def prose() -> Iterator[tuple[str, int, str]]:
    """Path, first line and text of each docstring, comment and document."""
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        source = path.read_text()
        for line, text in (*docstrings(source), *comments(source)):
            yield path.relative_to(ROOT).as_posix(), line, text
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), 1, path.read_text()


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Also the strings under fields."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
            case _:
                pass


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def main() -> int:
    mistakes = [*names(), *vague_names(), *sizes(), *words()]
    sys.stdout.writelines(f"{one}\n" for one in mistakes)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
