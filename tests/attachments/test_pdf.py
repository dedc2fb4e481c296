"""A PDF becomes the text of its pages, whatever it does to the process that reads it."""

import asyncio
import base64
import os

import pytest

from gateway.anthropic.request.attachments import PdfText
from gateway.attachments import pdf as reading
from gateway.testing.samples import pdf


async def read(content: bytes) -> PdfText:
    return await reading.read_pdf(base64.b64encode(content).decode(), asyncio.Semaphore(1))


async def test_pages_are_marked():
    assert await read(pdf("Hello (world)", "", "Third")) == PdfText(
        "[page 1]\nHello (world)\n\n[page 2]\n\n[page 3]\nThird"
    )


async def test_pages_without_text_give_none():
    assert await read(pdf("", "")) == PdfText(failure="its pages hold no text")


async def test_pages_beyond_the_limit_are_said_to_be_left_out(monkeypatch):
    monkeypatch.setattr(reading, "PAGES", 2)
    found = await read(pdf("one", "two", "three"))
    assert found == PdfText("[page 1]\none\n\n[page 2]\ntwo\n\n[1 more pages are left out]", left_out=1)


async def test_text_beyond_the_limit_is_left_out(monkeypatch):
    monkeypatch.setattr(reading, "CHARACTERS", 5)
    found = await read(pdf("123456789", "two"))
    assert (found.text.startswith("[page 1]\n12345\n"), found.left_out) == (True, 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"%PDF-1.7\njunk", "it is damaged or encrypted"),
        (pdf("whole")[:200], "it is damaged or encrypted"),
        (b"<html>", "it is not a PDF"),
    ],
)
async def test_what_cannot_be_read_says_why(content: bytes, why: str):
    assert await read(content) == PdfText(failure=why)


async def test_data_that_is_no_base64_says_so():
    assert (await reading.read_pdf("abcde", asyncio.Semaphore(1))).failure == "its data is not base64"


async def test_too_large_a_file_is_not_read(monkeypatch):
    monkeypatch.setattr(reading, "BYTES", 300)
    assert (await read(pdf("a" * 500))).failure.startswith("it is larger than")


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Another program in the place of the one that reads PDFs."""

    def write(program: str) -> None:
        path = tmp_path / "program.py"
        path.write_text(program)
        monkeypatch.setattr(reading, "_SCRIPT", path)

    return write


async def test_what_takes_too_long_is_killed(script, monkeypatch, tmp_path):
    script(f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    monkeypatch.setattr(reading, "PATIENCE", 1.0)
    assert await read(pdf("a")) == PdfText(failure="it took longer than 1 s")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_crash_is_the_reading_processes_own(script):
    script("import os; os.abort()")
    assert await read(pdf("a")) == PdfText(failure="it is damaged or encrypted")


async def test_reading_process_sees_no_keys(script, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "secret")
    script("import os, json; print(json.dumps({'pages': [' '.join(os.environ)]}))")
    assert "SOME_API_KEY" not in (await read(pdf("a"))).text
