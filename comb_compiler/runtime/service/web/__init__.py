"""JSON over HTTP for people and curl, and what platforms ask: health, readiness, metrics, status."""

from comb_compiler.runtime.service.web.server import WebServer

__all__ = ["WebServer"]
