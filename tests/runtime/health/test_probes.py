"""Requests that no user made."""

from comb_compiler.runtime.engine import Engine, Finished, Probe
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run


class Ids:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def began(self, request: object) -> None:
        """Nothing is known yet."""

    def ended(self, request: Finished) -> None:
        self.seen.append(request.request_id)


def test_a_probe_is_answered_and_seen_but_not_metered() -> None:
    async def main() -> None:
        ids = Ids()
        a_plan = plan({"a": ("reply", {"letter": "request.letter"})}, "a")
        async with Engine(a_plan, observers=[ids]) as engine:
            request = Request(letter=Letter(text="x"))
            assert (await engine.call(request, request_id=Probe("golden/x"))).text == "re: x"
            await engine.call(request, request_id="golden/x")
            assert [type(one) for one in ids.seen] == [Probe, str]
            assert engine.meters.requests[0].codes == {0: 1}
            assert engine.meters.nodes[0][0].codes == {0: 1}

    run(main())
