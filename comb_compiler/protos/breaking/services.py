"""Rules about services and their methods."""

from collections.abc import Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.pairs import MethodPair, ServicePair

__all__ = [
    "no_delete",
    "same_client_streaming",
    "same_idempotency_level",
    "same_request_type",
    "same_response_type",
    "same_server_streaming",
]

_NEW_METHOD = "keep it as it was, or add a method of another name"


def no_delete(pair: ServicePair) -> Iterator[Finding]:
    """A method that is gone."""
    names = {method.name for method in pair.new.methods}
    for method in pair.old.methods:
        if method.name not in names:
            element = f"{pair.new.name}/{method.name}"
            message = f"the method `{element}` is gone: its clients get an error"
            yield Finding(element, message, "keep the method until nobody calls it", pair.new.span)


def same_request_type(pair: MethodPair) -> Iterator[Finding]:
    """Another message, however alike."""
    yield from _changed(pair, "takes", f"`{pair.old.input}`", f"`{pair.new.input}`")


def same_response_type(pair: MethodPair) -> Iterator[Finding]:
    """Another message, however alike."""
    yield from _changed(pair, "gives", f"`{pair.old.output}`", f"`{pair.new.output}`")


def same_client_streaming(pair: MethodPair) -> Iterator[Finding]:
    """One request, or many."""
    old, new = pair.old.client_streaming, pair.new.client_streaming
    yield from _changed(pair, "takes", _count(old, "request"), _count(new, "request"))


def same_server_streaming(pair: MethodPair) -> Iterator[Finding]:
    """One answer, or many."""
    old, new = pair.old.server_streaming, pair.new.server_streaming
    yield from _changed(pair, "gives", _count(old, "response"), _count(new, "response"))


def same_idempotency_level(pair: MethodPair) -> Iterator[Finding]:
    """Whether a client may send a request again."""
    old, new = (method.options.get("idempotency_level", "IDEMPOTENCY_UNKNOWN") for method in (pair.old, pair.new))
    if old != new:
        message = f"{pair.what} changed its `idempotency_level` from `{old}` to `{new}`: clients repeat requests by it"
        yield Finding(pair.element, message, f"keep `{old}`", pair.new.span)


def _count(is_stream: bool, noun: str) -> str:
    return f"a stream of {noun}s" if is_stream else f"one {noun}"


def _changed(pair: MethodPair, verb: str, old: str, new: str) -> Iterator[Finding]:
    if old != new:
        message = f"{pair.what} {verb} {new} instead of {old}: calls of its clients fail or are misread"
        yield Finding(pair.element, message, _NEW_METHOD, pair.new.span)
