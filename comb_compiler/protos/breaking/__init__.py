"""Breaking changes between two schemas, by the rules that buf documents.

The rules are an ordered tuple of small functions (`RULES`). Each looks at one thing that both schemas have, or at the
whole, and says what changed and who breaks. Pure, and linear in the schemas.
"""

from comb_compiler.protos.breaking.change import Category, Change
from comb_compiler.protos.breaking.compare import compare, gravest
from comb_compiler.protos.breaking.rules import RULES, Rule

__all__ = ["RULES", "Category", "Change", "Rule", "compare", "gravest"]
