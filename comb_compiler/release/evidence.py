"""The words of evidence, which whoever writes it, signs it and checks it has in common."""

__all__ = ["ISOLATIONS", "PREDICATE", "STATEMENT"]

STATEMENT = "https://in-toto.io/Statement/v1"
"""What in-toto calls its statements, whatever they are about."""
PREDICATE = "https://comb.dev/evidence/v1"
"""What ours are of: what gates found."""
ISOLATIONS = ("local", "container")
"""How strictly gates kept operators apart, the weakest first."""
