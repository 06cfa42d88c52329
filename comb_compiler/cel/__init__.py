"""CEL as text → a tree of small values, each with its place in the text.

Who compiles a condition and who runs it read it here; what it means they work out themselves.
"""

from comb_compiler.cel.mistakes import Mend, Mistake
from comb_compiler.cel.reading import read

__all__ = ["Mend", "Mistake", "read"]
