"""BentoML's service of the benchmark; its command imports it by name."""

import bentoml


@bentoml.service(workers=1, logging={"access": {"enabled": False}})  # type: ignore[untyped-decorator]
class Same:
    @bentoml.api(route="/run")  # type: ignore[untyped-decorator]
    async def run(self, text: str) -> str:
        return text
