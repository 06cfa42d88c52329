"""How a slice of a device is asked for in Kubernetes: one module for each back end that makes slices."""

from comb_compiler.render.gpu.asking import Ask, ask_for

__all__ = ["Ask", "ask_for"]
