"""A client of any comb: what a service answers is asked of the service itself (`remote`, which needs gRPC)."""

from comb_compiler.runtime.client.outcome import CannotAsk, Outcome, Terms, Timed, Unreachable, timed

__all__ = ["CannotAsk", "Outcome", "Terms", "Timed", "Unreachable", "timed"]
