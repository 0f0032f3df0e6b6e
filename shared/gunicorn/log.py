"""Lines of gunicorn itself, of its start, workers and end, in the form of all others. Named by `configuration.py`."""

from gunicorn.config import Config
from gunicorn.glogging import Logger


class JsonLogger(Logger):
    """Leaves what would go to stderr to whatever `log_config.py` set up. A file that was asked for stays as it is."""

    def setup(self, cfg: Config) -> None:
        """Called at the start and at each reload."""
        super().setup(cfg)
        if cfg.errorlog == "-":
            self.error_log.handlers.clear()
            self.error_log.propagate = True
