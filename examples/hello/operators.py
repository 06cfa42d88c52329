"""The code of the smallest comb."""

from comb_compiler.runtime import Messages


class Greet:
    """Greets whom it is told to, or the world."""

    def __init__(self, messages: Messages) -> None:
        self._answer = messages["hello.v1.GreetResponse"]

    def __call__(self, request: "hello.v1.GreetRequest") -> "hello.v1.GreetResponse":
        return self._answer(text=f"Hello, {request.name or 'world'}!")
