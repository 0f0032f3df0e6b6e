"""The name under which version 0.1.0 had `DpopNonces`, which is in `dpop`."""

from .dpop import DpopNonces

__all__ = ["DpopNonces"]
