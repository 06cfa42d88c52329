"""A comb on this machine, asked without a service: its operators are started here, and end with the call."""

from contextlib import AsyncExitStack
from time import perf_counter
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.calling.asked import Asked
from comb_compiler.runtime.client import CannotAsk, Outcome, Terms, timed
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.cli.running import Opened

__all__ = ["open_local"]


async def open_local(opened: "Opened") -> Asked:
    """Start a comb's operators. Raises OutsideFailure where they do not start."""
    from comb_compiler.runtime import BadOperator, OperatorError
    from comb_compiler.runtime.engine import CannotRun
    from comb_compiler.runtime.service import Settings, answering

    stack = AsyncExitStack()
    try:
        served = await stack.enter_async_context(answering(opened.source, Settings(forced_arms=True)))
    except (BadOperator, CannotRun, OperatorError) as error:
        await stack.aclose()
        raise OutsideFailure(f"it cannot run: {error}") from error
    return _Local(served, stack)


class _Local:
    def __init__(self, served: Any, stack: AsyncExitStack) -> None:
        from comb_compiler.runtime.service.face import Face

        method = served.plan.method
        self.method = f"{method.service}/{method.name}"
        self.request_type: Any = served.answering.request_type
        self._face = Face(served, forced_arms=True)
        self._arms = [arm.name for arm in served.plan.experiment.arms] if served.plan.experiment else []
        self._stack = stack

    async def ask(self, request: Any, terms: Terms) -> Outcome:
        from comb_compiler.runtime import OperatorError
        from comb_compiler.runtime.service.terms import terms_of, told

        if terms.arm is not None and terms.arm not in self._arms:
            raise CannotAsk(f"--arm {terms.arm}: there is no such arm; there are {', '.join(self._arms) or 'none'}")
        headers = {name.lower(): value for name, value in terms.headers.items()} | {"comb-timing": "1"}
        if terms.arm is not None:
            headers["comb-arm"] = terms.arm
        asked = terms_of(headers.items(), self._face.key_header)
        began, run = perf_counter(), None
        error: OperatorError | None = None
        try:
            run = await self._face.run(request, asked, terms.timeout)
            error = run.error
        except OperatorError as refused:
            error = refused
        took = perf_counter() - began
        beside = dict(told(asked, run))
        code, message = ("OK", "") if error is None else (error.code.name, error.message)
        answer = None if run is None else run.answer
        return Outcome(answer, code, message, took, beside, timed(beside.get("server-timing", "")))

    async def close(self) -> None:
        await self._stack.aclose()
