"""Comb's tests: one folder per package of `comb_compiler/`, and a few for what belongs to no package alone."""
