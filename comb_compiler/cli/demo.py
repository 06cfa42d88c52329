"""Walk the whole road on one comb: check → graph → run → record → gate → render → publish, all on this machine.

It does truly what it does, and says what it does not do yet.

example:
  comb demo                                  the example of this repository
  comb demo my/comb.yaml --into /tmp/demo    a comb of yours, and where its environment repository goes
"""

import argparse
import os
import tempfile
import textwrap
from collections import Counter
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from comb_compiler.cli.checking import Checking, common_root
from comb_compiler.cli.committing import said
from comb_compiler.cli.console import Console
from comb_compiler.cli.demo_gate import show_gates
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.models import model_locator
from comb_compiler.cli.patience import patient
from comb_compiler.cli.platform import shared_of
from comb_compiler.cli.provenance import facts_of
from comb_compiler.cli.publish import wanted_of
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.compiler import compile_comb
from comb_compiler.diagnostics import has_errors
from comb_compiler.graph.drawing import Terminal, draw_text, read_picture
from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.client import Outcome
from comb_compiler.source.memo import Memo
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.sources import load_sources

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Publication

__all__ = ["add_arguments", "run"]

_EXAMPLE = "examples/frame-moderation/comb.yaml"
_PICTURE = "samples/rotated/followers/frame.jpg"
_PATIENCE = 300.0
_ARMS = ("control", "rotate")
_WIDTH = 96
_PLATFORM, _ENVIRONMENT = "platform.yaml", "production"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("comb", metavar="COMB", nargs="?", default=_EXAMPLE, help=f"a comb.yaml (default: {_EXAMPLE})")
    parser.add_argument("--into", metavar="DIR", help="where the environment repository is made (default: a new one)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    path = Path(arguments.comb)
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; run this in Comb's own checkout, or name a comb.yaml")
    checkout = Checkout(common_root([str(path)]))
    cache = VerdictCache(default_directory())
    result = Checking(checkout, cache).run([str(path)])
    console.result(f"1. check    {path}")
    if result.diagnostics:
        console.result(report(result.diagnostics, "text", checkout, console))
    if has_errors(result.diagnostics):
        return Exit.FINDINGS
    compiled = compile_comb(load_sources(checkout, result.verdicts[0].main, cache.memo), memo=cache.memo)
    view = compiled.checked.view
    if view is None or compiled.plan is None:
        raise UsageError(f"{path}: this is a {compiled.checked.kind}; the road begins with a Comb")
    console.result(
        "   nothing to say\n\n2. graph    proven: types, what may be missing, and that the answer comes in time"
    )
    console.result(_indented(draw_text(read_picture(view, compiled.checked.name), Terminal(width=_WIDTH)), "   "))
    place = Path(tempfile.mkdtemp(prefix="comb-demo-"))
    can_run = _run(console, checkout, result.verdicts[0].main, compiled.plan, place / "samples")
    if can_run:
        show_gates(console, path, place)
    repository = Path(arguments.into).absolute() if arguments.into else place / "environment.git"
    _publish(console, checkout, result.verdicts[0].main, repository, cache.memo)
    if can_run:
        console.result(f"\nWhat was recorded and reported stays in {place}, and the next thing to try is\n{_NEXT}.")
    return Exit.CLEAN


def _run(console: Console, checkout: Checkout, main: str, plan: ExecutionPlan, samples: Path) -> bool:
    """One real picture, to a service with the real models, as two users see it: one for each arm. Both are recorded.

    False where that cannot be shown here.
    """
    directory = Path(checkout.root, main).parent
    picture = directory / _PICTURE
    if not picture.is_file():
        console.result("\n3. run      left out: only the built-in example has a picture to show")
        return False
    if find_spec("onnxruntime") is None:
        console.result("\n3. run      left out: its models need onnxruntime (`make setup` installs it)")
        return False
    from comb_compiler.cli.calling.showing import waterfall
    from comb_compiler.runtime.engine import CannotRun, run
    from comb_compiler.runtime.service import Service, Settings, Source, answering
    from comb_compiler.workspace.operators import code_digest

    plan = patient(plan)._replace(recording=plan.recording._replace(sample=1.0))
    source = Source(plan, model_locator(checkout, main), directory)
    digest = code_digest(checkout, main)
    settings = Settings(
        grpc_port=0, http_port=0, settle=0.0, forced_arms=True, samples=f"embedded:{samples}", code_digest=digest
    )

    async def serve() -> tuple[str, dict[str, Outcome]]:
        async with Service(settings) as service, answering(source, settings) as served:
            service.show(served)
            return service.addresses.grpc, await _asked(service.addresses.grpc, picture.read_bytes())

    try:
        address, outcomes = run(serve())
    except CannotRun as error:
        raise OutsideFailure(f"it cannot run: {error}") from error
    console.result(f"\n3. run      a service on {address} answers {plan.method.service}/{plan.method.name}")
    console.result(f"   {_PICTURE}: a picture with its text upside down, in each arm of the experiment")
    for arm, outcome in outcomes.items():
        if outcome.failed:
            raise OutsideFailure(f"the arm `{arm}` answered {outcome.code}: {outcome.message}")
        answer = outcome.answer
        texts = ", ".join(f"`{line.text}`" for line in answer.lines)
        decision = type(answer).DESCRIPTOR.fields_by_name["decision"].enum_type.values_by_number[answer.decision].name
        console.result(f"   {arm:<8} {decision:<16} reads {texts}")
    drawn = waterfall(outcome, _WIDTH, colour=console.colour, unicode=console.unicode)
    console.result(_indented("\n".join(drawn), "   "))
    _show_recorded(console, samples)
    return True


def _show_recorded(console: Console, samples: Path) -> None:
    from comb_compiler.cli.samples.listing import listed
    from comb_compiler.samples.embedded import EmbeddedStore
    from comb_compiler.samples.store import Query

    store = EmbeddedStore(samples)
    try:
        found = store.find(Query()).found
    finally:
        store.close()
    console.result(f"\n4. record   {len(found)} requests, with what each operator got and gave")
    console.result(_indented(listed(found), "   ").rstrip())
    if found:
        console.result(f"   look at one: comb samples show {found[0].id} --store embedded:{samples}")


async def _asked(address: str, picture: bytes) -> dict[str, Outcome]:
    """What each arm answers, as any client asks it: by the service's own description."""
    from comb_compiler.runtime.client import Terms
    from comb_compiler.runtime.client.remote import open_remote

    remote = await open_remote(address)
    try:
        request = remote.request_type(frame={"image": picture}, check_nudity=True)
        return {arm: await remote.ask(request, Terms(arm, timeout=_PATIENCE)) for arm in _ARMS}
    finally:
        await remote.close()


def _publish(console: Console, checkout: Checkout, main: str, repository: Path, memo: Memo) -> None:
    rendered = _rendered(console, checkout, main, memo)
    if rendered is None:
        return
    from comb_compiler.publish import PublishError, Refused

    try:
        done = _committed(repository, rendered, checkout.root)
    except (PublishError, Refused, OSError) as problem:
        raise OutsideFailure(str(problem)) from problem
    console.result(f"\n7. publish  one commit, into a local environment repository: {said(done)}")
    for cluster in rendered.clusters:
        own, flux = len(cluster.files), cluster.flux_file
        console.result(f"   Flux would apply {own} files of {cluster.directory}/,\n      as {flux} tells it")
    console.result(f"   look at it: git -C {repository} log --stat")
    console.result(f"\n{_NOT_YET}")


def _committed(repository: Path, rendered: "Rendered", root: str) -> "Publication":
    """The comb and what all combs share, published; of a local repository neither keys nor evidence are asked for."""
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Identity, Reach, Terms, Trust, open_mirror, publish
    from comb_compiler.publish.local import create_bare_repository

    if not repository.exists():
        create_bare_repository(repository)
    assert rendered.platform is not None
    assert rendered.platform.value is not None
    shared = shared_of(rendered.platform.value, rendered.policies)
    title = f"Publish {rendered.checked.name} to {_ENVIRONMENT}"
    terms = Terms(Trust({}), Identity("comb", "comb@localhost"), 0, title, facts_of(root))
    reach = Reach(repository.as_uri(), "main", Path(default_directory()), dict(os.environ), {})
    with open_mirror(reach) as mirror:
        return publish(mirror, wanted_of([rendered]), terms, carry, shared)


def _rendered(console: Console, checkout: Checkout, main: str, memo: Memo) -> "Rendered | None":
    """The objects for production, as the platform.yaml beside the comb has it, with images that are not built."""
    platform = str(PurePosixPath(main).parent / _PLATFORM)
    if not Path(checkout.root, platform).is_file():
        console.result(f"\n6. render   left out: there is no {_PLATFORM} beside the comb")
        return None
    from comb_compiler.compiler.render import render_comb, unbuilt_images

    sources = load_sources(checkout, main, memo), load_sources(checkout, platform, memo)
    rendered = render_comb(*sources, _ENVIRONMENT, unbuilt_images, memo)
    if not rendered.clusters:
        raise UsageError(f"{platform}: it has no environment `{_ENVIRONMENT}` that this comb fits into")
    console.result(f"\n6. render   the Kubernetes objects of {_ENVIRONMENT}, on {len(rendered.clusters)} clusters")
    for cluster in rendered.clusters:
        kinds = Counter(str(one.object["kind"]) for one in cluster.manifests)
        counted = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        console.result(f"   {cluster.directory}/\n{textwrap.indent(textwrap.fill(counted, _WIDTH - 6), ' ' * 6)}")
    return rendered


def _indented(text: str, margin: str) -> str:
    return "".join(f"{margin}{line}".rstrip() + "\n" for line in text.rstrip("\n").split("\n"))


_NEXT = "docs/tutorials/first-comb.md: a repository of your own, in ten minutes"
_NOT_YET = """Not done here: no image is built (`comb image build` does; the manifests name some that nobody
can pull), so that the gates ran operators as processes of this machine (`comb gate --target
container` shuts them off), and the repository is a local one that no Flux watches."""
