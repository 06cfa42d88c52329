"""Documents → `Comb` and `Platform`: strict, frozen values, and everything that is wrong with a file's fields.

pydantic checks the shapes; the binder maps its findings to diagnostics at their places; the checks of `checks/` hold
what no single field can say. `Platform` lives in `comb_compiler.spec.platform`, imported only where there is one.
"""

from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.combfile import CombFile, bind_comb
from comb_compiler.spec.reading import Reading, read

__all__ = ["Bound", "Comb", "CombFile", "Reading", "bind_comb", "read"]
