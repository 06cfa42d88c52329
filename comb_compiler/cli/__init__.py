"""The `comb` command: a shell around the library, and one of the only places that print, exit or serve.

A command's module is imported when it is asked for, and what it needs when it needs it: start-up cost is a feature.
"""

from comb_compiler.cli.main import main

__all__ = ["main"]
