"""M/D/1: Poisson arrivals, one server, every service takes as long. What its closed form says of it."""

from math import exp, factorial, floor

__all__ = ["saturated", "waits_above"]


def waits_above(rate: float, service: float, bound: float) -> float:
    """The share of requests that wait longer than `bound` before their service (A. K. Erlang, 1909; see H. C. Tijms,
    "A First Course in Stochastic Models", 9.2)."""
    load = rate * service
    if load >= 1.0:
        return 1.0
    total = 0.0
    for number in range(floor(bound / service) + 1):
        left = rate * (number * service - bound)
        total += left**number / factorial(number) * exp(-left)
    return 1.0 - (1.0 - load) * total


def saturated(service: float, share: float, within: float) -> float:
    """The greatest rate at which `share` of the requests are answered within so many seconds."""
    low, high = 0.0, 1.0 / service
    while high - low > 1e-6 / service:
        middle = (low + high) / 2
        if waits_above(middle, service, within - service) <= 1.0 - share:
            low = middle
        else:
            high = middle
    return low
