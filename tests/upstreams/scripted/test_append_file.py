"""Files that are appended to while requests are answered."""

import structlog

from gateway.upstreams.scripted.append_file import AppendFile


def test_lines_are_appended(tmp_path):
    notebook = AppendFile(tmp_path / "notes")
    notebook.append(b"one\n")
    notebook.append("zwölf\n".encode())
    assert (tmp_path / "notes").read_text() == "one\nzwölf\n"


def test_an_unwritable_file_is_said_once(tmp_path):
    folder = tmp_path / "folder"
    notebook = AppendFile(folder / "notes")
    with structlog.testing.capture_logs() as logs:
        notebook.append(b"lost\n")
        notebook.append(b"lost\n")
        assert [(one["event"], one["why"]) for one in logs] == [
            ("cannot be written", "No such file or directory")
        ]
        folder.mkdir()
        notebook.append(b"kept\n")
        (folder / "notes").unlink()
        folder.rmdir()
        notebook.append(b"lost\n")
    assert len(logs) == 2
