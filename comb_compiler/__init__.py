"""Comb: a compiler from one declarative `comb.yaml` to proven Kubernetes releases."""

__all__ = ["__version__"]

__version__ = "0.1.0"
