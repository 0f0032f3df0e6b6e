"""One JSON object a line, gunicorn's own lines included."""

import json
from pathlib import Path

from tests.support.gunicorn_process import GunicornProcess
from tests.support.polling import eventually
from tests.support.servers import free_port
from tests.unit.test_settings import FIT


def test_every_line_of_a_service_is_one_json_object(tmp_path: Path) -> None:
    log, settings = tmp_path / "log", {**FIT, "FIT_DATABASE_URL": f"sqlite:///{tmp_path / 'fit.sqlite'}"}
    options = ("-c", "fit_service/gunicorn.conf.py", "-w", "1")
    with GunicornProcess.running("fit_service.wsgi:app", free_port(), settings, *options, log=log) as process:
        process.wait_until_ready("/health/live")
        process.reload()
        eventually(lambda: "Handling signal: hup" in log.read_text())
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["service"] for line in lines} == {"fit_service"}
    messages = [line["message"] for line in lines if line["logger"] == "gunicorn.error"]
    assert any(message.startswith("Booting worker") for message in messages)
    assert any(message.startswith("Shutting down") for message in messages)
