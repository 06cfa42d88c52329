"""What nobody gets to see is taken out of a request, before anything of it leaves the process.

A field that `recording.redact` names is hidden wherever the same field of the same message type occurs: in the request,
in what operators gave, in the answer. Its value is hidden in every other text as well, so that an operator may copy it,
and in error messages. Patterns are looked for in all texts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from comb_compiler.release import ExecutionPlan
from comb_compiler.release.patterns import expression_of
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.instance import unpacked
from comb_compiler.runtime.messages import Message, Messages, open_messages
from comb_compiler.runtime.recording.fields import Kind, Kinds, follow

__all__ = ["HIDDEN", "Hidden", "Hiding", "hidden_in"]

HIDDEN = "[redacted]"
_SHORT = 4
"""A value of fewer characters is hidden only where it is the whole text: it is part of too much else."""


_FEW = 100
"""Values of a request that are looked for in whatever it holds."""
_MOST = 10_000
"""Values beyond which none is looked for."""
_MOST_WORK = 200_000_000
"""Characters times values that are compared, where there are more than few: a second or two."""


class _Pattern(NamedTuple):
    search: re.Pattern[str]
    instead: str


class Hiding:
    """What a plan hides. `of` gives what hides it in one request. Raises CannotRun where a path leads nowhere."""

    def __init__(self, plan: ExecutionPlan, messages: Messages) -> None:
        recording = plan.recording
        self.is_on = recording.hides
        self._messages = messages
        fields: dict[tuple[str, str], str] = {}
        for path in recording.redact:
            for holder, name in _fields_of(plan, messages, path):
                fields[holder, name] = path
        self.kinds = Kinds(fields)
        self.patterns = tuple(_pattern(one) for one in recording.patterns)
        self._nothing = Hidden(self, set())

    def of(self, messages: Sequence[Any]) -> "Hidden":
        """What is to be hidden in texts that come with these messages: the values of their hidden fields."""
        if not self.is_on:
            return self._nothing
        secrets: set[str] = set()
        for message in messages:
            if message is not None:
                secrets.update(self.kinds.secrets(message))
        return Hidden(self, secrets)

    def unpacked(self, name: str, content: bytes) -> Message | None:
        """A message out of an Any; None where its type is not known here."""
        if name not in self._messages:
            return None
        try:
            return self._messages[name].FromString(content)
        except DecodeError:
            return None


def hidden_in(plan: ExecutionPlan) -> Callable[[str, Finished], str]:
    """A function that hides in a text what a plan hides of the request that it is about."""
    if not plan.recording.hides:
        return lambda text, request: text
    hiding = Hiding(plan, open_messages(plan.descriptors))
    return lambda text, request: hiding.of([request.request, *map(unpacked, request.values)]).text(text)


class Hidden:
    """Hides in the messages and texts of one request. `paths` has the paths of what was found and taken out.

    To look for very many values in much text would take hours: where it is too much, texts are hidden as a whole.
    """

    def __init__(self, hiding: Hiding, secrets: set[str]) -> None:
        self._hiding = hiding
        self._patterns = hiding.patterns
        long = sorted((one for one in secrets if len(one) >= _SHORT), key=len, reverse=True)
        self._short = secrets.difference(long)
        self._values = long
        self._left = _MOST_WORK if len(long) <= _MOST else 0
        some = long if self._left else []
        self._long = re.compile("|".join(map(re.escape, some)))
        self._bytes = re.compile(b"|".join(re.escape(one.encode("utf-8", "surrogatepass")) for one in some))
        self.paths: set[str] = set()

    def message(self, message: Message) -> Message:
        """The message without what is hidden: a copy, or itself where nothing of the kind can be in it."""
        if not self._hiding.is_on:
            return message
        copy = type(message)()
        copy.CopyFrom(message)
        copy.DiscardUnknownFields()  # nobody could name them
        self._clean(copy)
        return copy

    def text(self, text: str) -> str:
        """The text without what is hidden."""
        if not text or not self._hiding.is_on:
            return text
        said = self._without_secrets(text)
        for search, instead in self._patterns:
            said = search.sub(instead, said)
        return said

    def name(self, text: str) -> str:
        """A text that others go by, such as an id: only values are hidden in it."""
        if not text or not self._hiding.is_on:
            return text
        if self._left > 0:
            return self._without_secrets(text)
        return HIDDEN if text in self._short or any(one in text for one in self._values) else text

    def content(self, content: bytes) -> bytes:
        """Bytes without what is hidden."""
        if not content or not self._values:
            return content
        return self._bytes.sub(HIDDEN.encode(), content) if self._may_look(len(content)) else HIDDEN.encode()

    def _without_secrets(self, text: str) -> str:
        if text in self._short:
            return HIDDEN
        if not self._values:
            return text
        return self._long.sub(HIDDEN, text) if self._may_look(len(text)) else HIDDEN

    def _may_look(self, length: int) -> bool:
        """Whether there is time to look for all values in so many characters, or bytes."""
        if len(self._values) > _FEW:
            self._left -= length * len(self._values)
        return self._left > 0

    def _clean(self, message: Any) -> None:
        kind = self._hiding.kinds[message.DESCRIPTOR]
        for field in kind.hidden:
            if field.is_there(message):
                message.ClearField(field.name)
                self.paths.add(field.path)
        if kind.is_any:
            self._clean_any(message)
            return
        self._clean_texts(message, kind)
        for name in kind.messages:
            if message.HasField(name):
                self._clean(getattr(message, name))
        for name in kind.lists:
            for inner in getattr(message, name):
                self._clean(inner)
        for one in kind.maps:
            self._clean_map(getattr(message, one.name), one.has_messages)

    def _clean_texts(self, message: Any, kind: Kind) -> None:
        for name in kind.texts:
            value = getattr(message, name)
            if value and (said := self.text(value)) != value:
                setattr(message, name, said)
        for name in kind.bytes:
            content = getattr(message, name)
            if content and (kept := self.content(content)) != content:
                setattr(message, name, kept)
        for name in kind.text_lists:
            _replace(getattr(message, name), self.text)
        for name in kind.bytes_lists:
            _replace(getattr(message, name), self.content)

    def _clean_map(self, found: Any, has_messages: bool) -> None:
        for key in list(found):
            value = found[key]
            if has_messages:
                self._clean(value)
            else:
                value = self._plain(value)
            said = self.text(key) if isinstance(key, str) else key
            if has_messages and said != key:
                found[said].CopyFrom(value)
            elif not has_messages:
                found[said] = value
            if said != key:
                del found[key]

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        return self.content(value) if isinstance(value, bytes) else value

    def _clean_any(self, message: Any) -> None:
        if not message.value:
            return
        inner = self._hiding.unpacked(message.type_url.rpartition("/")[2], message.value)
        if inner is None:  # nobody can tell what is in it
            message.ClearField("value")
            self.paths.add(f"{message.type_url} (a message of no known type)")
            return
        inner.DiscardUnknownFields()
        self._clean(inner)
        message.value = inner.SerializePartialToString()


def _replace(items: Any, change: Callable[[Any], Any]) -> None:
    for index, value in enumerate(items):
        if (changed := change(value)) != value:
            items[index] = changed


def _pattern(pattern: str) -> _Pattern:
    instead = f"[{pattern}]" if not pattern.startswith("/") else HIDDEN
    try:
        return _Pattern(re.compile(expression_of(pattern)), instead)
    except (ValueError, re.error) as error:
        raise CannotRun(f"the recording's pattern `{pattern}` cannot be used: {error}") from error


def _fields_of(plan: ExecutionPlan, messages: Messages, path: str) -> Iterator[tuple[str, str]]:
    """The fields that a path leads to, each by its message's full name and its own: one for each type of the node."""
    first, *names = path.split(".")
    if first == "request":
        kinds = {plan.method.input}
    else:  # a node that no graph has gives nothing that could be seen
        nodes = [node for graph in plan.graphs for node in graph.nodes if node.name == first]
        kinds = {plan.bindings[node.binding].out for node in nodes}
    for kind in sorted(kinds):
        found = follow(messages[kind].DESCRIPTOR, names) if names else None
        if found is None:
            raise CannotRun(f"`{path}` is to be redacted, and {kind} has no such field")
        yield found.containing_type.full_name, found.name
