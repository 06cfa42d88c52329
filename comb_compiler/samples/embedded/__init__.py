"""The store that is a directory: nothing to install, several processes of one machine at once."""

from comb_compiler.samples.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
