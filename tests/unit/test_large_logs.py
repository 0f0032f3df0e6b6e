"""The logs of the local stack stay small while processes have them open."""

from pathlib import Path

import pytest

from tools import supervisor


def test_a_large_log_goes_on_from_empty_beside_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOGS", tmp_path)
    monkeypatch.setattr(supervisor, "_LARGEST_LOG", 10)
    large, small = tmp_path / "auth.log", tmp_path / "fit.log"
    small.write_text("short\n")
    with large.open("ab") as written:
        for line in (b"the first of many lines\n", b"the second of many lines\n"):
            written.write(line)
            written.flush()
            supervisor.cut_large_logs()
            assert large.read_bytes() == b""
            assert (tmp_path / "auth.log.1").read_bytes() == line
        written.write(b"next\n")
    assert large.read_text() == "next\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["auth.log", "auth.log.1", "fit.log"]
