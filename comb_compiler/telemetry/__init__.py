"""Measurements that others keep: what a Prometheus server knows."""

from comb_compiler.telemetry.prometheus import Prometheus, Unanswered

__all__ = ["Prometheus", "Unanswered"]
