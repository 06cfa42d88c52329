"""Figures in sentences."""

from comb_compiler.gates.load.guide.model import Bound, Cost, Gain, Kind, Write

__all__ = ["bounded_by", "costing", "counted", "gained", "milliseconds", "share", "written"]

_BY = {
    "queue": "its calls wait for their turn most of the time",
    "cpu": "its calls compute most of the time",
    "gpu": "its calls wait for the GPU",
    "waiting": "its calls wait most of the time, for something else or for cores that others use",
    "memory": "its calls wait most of the time, and memory is used up",
}


def milliseconds(seconds: float) -> str:
    """`43 ms`"""
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.3g} ms"


def counted(number: float, what: str) -> str:
    """`1 core`, `1.5 cores`, `1,620 cores`"""
    text = _rounded(number)
    return f"{text} {what}" if text == "1" else f"{text} {what}s"


def share(value: float) -> str:
    """`87%`"""
    return f"{value * 100:.0f}%" if value >= 0.1 or not value else f"{value * 100:.2g}%"


def bounded_by(bound: Bound) -> str:
    """What takes most of a request's time, and why."""
    return f"`{bound.operator}` (step `{bound.step}`) is {share(bound.share)} of the longest path: {_BY[bound.by]}"


def costing(cost: Cost) -> str:
    """What 1,000 requests cost; empty where nothing is known of it."""
    told = [
        f"{counted(value, 'second')} of {what}"
        for value, what in (
            (cost.used, "CPU time"), (cost.cores, "cores that are reserved"), (cost.gpus, "GPUs that are reserved")
        )
        if value is not None
    ]  # fmt: skip
    *all_but_last, last = told or [""]
    return f"1,000 requests cost {', '.join(all_but_last)}{' and ' if all_but_last else ''}{last}" if told else ""


def written(write: Write) -> str:
    """`operators.detect.workers: 2`"""
    return f"{'.'.join(write.path)}: {write.text}"


def gained(gain: Gain) -> str:
    """How much, between which bounds, and of what."""
    match gain.kind:
        case Kind.LATENCY:
            return f"saves {_between(gain)} ms of {milliseconds(gain.now)} a request"
        case Kind.LATE:
            lower, upper, now = (share(one) for one in (gain.lower, gain.upper, gain.now))
            return f"saves {_to(lower, upper)} of calls from their timeout, which ends {now}"
        case Kind.COST:
            freed = f"{_to(_rounded(gain.lower), _rounded(gain.upper))} of {_rounded(gain.now)} seconds"
            return f"frees {freed} that are reserved for 1,000 requests"
        case Kind.ROOM:
            left = _to(*(share(gain.now - one) for one in (gain.upper, gain.lower)))
            return f"leaves {left} of it in use, of {share(gain.now)}"
        case Kind.START:
            return f"saves the first request {_between(gain)} ms of {milliseconds(gain.now)}"
    lower, upper, now = (_rounded(one) for one in (gain.lower, gain.upper, gain.now))
    return f"adds {_to(lower, upper)} s to the {now} s until memory is full"


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def _between(gain: Gain) -> str:
    lower, upper = (milliseconds(one).removesuffix(" ms") for one in (gain.lower, gain.upper))
    return _to(lower, upper)


def _to(lower: str, upper: str) -> str:
    """From where to where; one of them, where they are told alike."""
    return lower if lower == upper else f"{lower} to {upper}"
