"""What every exporter shares: the exposition, the HTTP server, the web configuration, reloading."""

from exporters.serving.exporter import Exporter, MultiTarget, Page, Publisher
from exporters.serving.exposition import Block, Histogram, Observed, Series, one
from exporters.serving.running import serve

__all__ = [
    "Block",
    "Exporter",
    "Histogram",
    "MultiTarget",
    "Observed",
    "Page",
    "Publisher",
    "Series",
    "one",
    "serve",
]
