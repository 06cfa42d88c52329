"""Records' messages, read with the interface that the store keeps for them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comb_compiler.runtime.messages import Messages
    from comb_compiler.samples.record_pb2 import Record, Value
    from comb_compiler.samples.store import SampleStore

__all__ = ["Decoder"]


class Decoder:
    """Reads messages of the records of one store."""

    def __init__(self, store: "SampleStore") -> None:
        self._store = store
        self._known: dict[str, Messages | None] = {}

    def message(self, interface: str, value: "Value") -> Any:
        """The message, or None where its type is not known any more, or its bytes do not fit."""
        from comb_compiler.runtime.messages import read_message

        messages = self._messages(interface)
        if messages is None or value.type not in messages:
            return None
        return read_message(messages[value.type], value.message)

    def answer_type(self, record: "Record") -> Any:
        """The class of the answers of a record's method, or None where it is not known any more."""
        messages = self._messages(record.interface)
        service, _, method = record.method.partition("/")
        try:
            found = None if messages is None else messages.pool.FindServiceByName(service).methods_by_name.get(method)
        except KeyError:
            return None
        return None if found is None or messages is None else messages[found.output_type.full_name]

    def _messages(self, interface: str) -> "Messages | None":
        from comb_compiler.runtime.messages import BadDescriptors, open_messages

        if interface not in self._known:
            descriptors = self._store.interface(interface)
            try:
                self._known[interface] = None if descriptors is None else open_messages(descriptors)
            except BadDescriptors:
                self._known[interface] = None
        return self._known[interface]
