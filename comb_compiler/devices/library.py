"""NVML, as pynvml has it: the only place that imports it.

NVML counts who has opened it and who has closed it, so that nothing here has to: each call opens and closes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from types import ModuleType
from typing import Any

__all__ = ["Failure", "Library", "opened"]

_PREFIX = "NVML_ERROR_"
_OTHERWISE = frozenset(("FUNCTION_NOT_FOUND", "ARGUMENT_VERSION_MISMATCH", "DEPRECATED"))
"""What is said where a driver, or pynvml, is too old or too new for one way to ask: another may do."""
_GROWN = "INSUFFICIENT_SIZE"
_TRIES = 5
"""How often something is asked whose answer has grown since its size was asked: processes come and go."""
_SAID = {
    "LIBRARY_NOT_FOUND": "there is no NVIDIA driver here (libnvidia-ml.so.1 is not found)",
    "DRIVER_NOT_LOADED": "the NVIDIA driver is not loaded",
}
_TOO_OLD = "this nvidia-ml-py is too old"
_NO_PACKAGE = "nvidia-ml-py is not installed (pip install 'comb-compiler[gpu]')"


class Failure(Exception):
    """NVML does not say. `code` is its name for why, as NOT_SUPPORTED."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(_SAID.get(code, why))
        self.code = code


class Library:
    """NVML, while it is open."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def ask(self, name: str, *arguments: Any) -> Any:
        """What a function of pynvml gives. Raises Failure."""
        for _ in range(_TRIES - 1):
            try:
                return self._asked(name, *arguments)
            except Failure as failure:
                if failure.code != _GROWN:
                    raise
        return self._asked(name, *arguments)

    def _asked(self, name: str, *arguments: Any) -> Any:
        function = getattr(self._module, name, None)
        if function is None:
            raise Failure("FUNCTION_NOT_FOUND", _TOO_OLD)
        try:
            return function(*arguments)
        except TypeError:  # it takes other arguments
            raise Failure("FUNCTION_NOT_FOUND", _TOO_OLD) from None
        except self._module.NVMLError as error:
            code = _codes(self._module).get(error.value, str(error.value))
            raise Failure(code, str(error)) from None
        except UnicodeDecodeError:
            raise Failure("UNKNOWN", "what the driver says is no text") from None

    def first(self, *ways: Callable[[], Any]) -> Any:
        """The answer of the first way to ask that the driver knows. Raises Failure."""
        for way in ways[:-1]:
            try:
                return way()
            except Failure as failure:
                if failure.code not in _OTHERWISE:
                    raise
        return ways[-1]()

    def constant(self, name: str) -> Any:
        """A constant of pynvml; None where it has none of that name."""
        return getattr(self._module, name, None)


@contextmanager
def opened() -> Iterator[Library]:
    """NVML, opened. Raises Failure where it cannot be."""
    try:
        import pynvml
    except ImportError:
        raise Failure("", _NO_PACKAGE) from None
    except Exception as error:  # another package of that name, or a broken one
        raise Failure("", f"nvidia-ml-py is broken: {error}") from error
    library = Library(pynvml)
    library.ask("nvmlInit")
    try:
        yield library
    finally:
        with suppress(Failure):
            library.ask("nvmlShutdown")


@cache
def _codes(module: ModuleType) -> Mapping[int, str]:
    return {getattr(module, name): name.removeprefix(_PREFIX) for name in dir(module) if name.startswith(_PREFIX)}
