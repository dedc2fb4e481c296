"""Fetched files and PDF texts: a missing entry reads like a failed one."""

from gateway.anthropic.request.attachments import (
    NO_ATTACHMENTS,
    NOT_FETCHED,
    NOT_READ,
    Attachments,
    FetchedFile,
    PdfText,
)


def test_nothing_is_attached_by_default():
    assert Attachments({}, {}) == NO_ATTACHMENTS


def test_missing_entries_state_why_there_is_no_content():
    assert NO_ATTACHMENTS.files.get("https://x/y", NOT_FETCHED) == FetchedFile("", "", "it was not fetched")
    assert NO_ATTACHMENTS.texts.get("JVBERi0=", NOT_READ) == PdfText("", "it was not read", 0)


def test_two_instances_do_not_share_their_entries():
    assert Attachments().files is not Attachments().files
