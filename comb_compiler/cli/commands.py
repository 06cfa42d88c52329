"""The commands, in the order in which `comb --help` shows them."""

from typing import NamedTuple

__all__ = ["COMMANDS", "GROUPS", "Command"]


class Command(NamedTuple):
    """A command: its module has `add_arguments(parser)` and `run(arguments, console) -> exit code`."""

    name: str
    module: str
    summary: str


COMMANDS: tuple[Command, ...] = (
    Command("init", "comb_compiler.cli.init.command", "make a repository that works at once, or update one"),
    Command("check", "comb_compiler.cli.check", "find every mistake in comb.yaml before anything runs"),
    Command("fix", "comb_compiler.cli.fix", "apply the repairs that findings offer"),
    Command("fmt", "comb_compiler.cli.fmt", "write files in the canonical form, keeping comments"),
    Command("graph", "comb_compiler.cli.graph", "draw the graph, its types and its critical path"),
    Command("plan", "comb_compiler.cli.plan", "say what runs where, and what the nodes have left"),
    Command("image build", "comb_compiler.cli.image.build", "build the images that pods run, without an engine"),
    Command("image push", "comb_compiler.cli.image.push", "send images to their registry, by digest"),
    Command("image dockerfile", "comb_compiler.cli.image.dockerfile", "write a Dockerfile that a team may own instead"),
    Command("image scan", "comb_compiler.cli.image.scan", "have a scanner look for known weaknesses in images"),
    Command("render", "comb_compiler.cli.render", "write the Kubernetes objects of a comb"),
    Command("platform discover", "comb_compiler.cli.platform.discover", "write a platform.yaml by asking clusters"),
    Command("platform render", "comb_compiler.cli.platform.render", "write the objects that all combs share"),
    Command("platform publish", "comb_compiler.cli.platform.publish", "commit them to the environment repository"),
    Command("platform apply-store", "comb_compiler.cli.platform.apply_store", "set up the servers of samples"),
    Command("platform keys", "comb_compiler.cli.platform.keys", "write publishers' keys as Flux takes them"),
    Command(
        "platform flux", "comb_compiler.cli.platform.flux", "write what Flux is told once, by hand, in each cluster"
    ),
    Command("policy test", "comb_compiler.cli.policy.test", "try policies on their own fixtures"),
    Command("policy list", "comb_compiler.cli.policy.listing", "say which policies there are, and what for"),
    Command("policy explain", "comb_compiler.cli.policy.explaining", "show what one policy asks"),
    Command("publish", "comb_compiler.cli.publish", "commit rendered combs to the environment repository"),
    Command("rollback", "comb_compiler.cli.rollback", "publish an earlier release of a comb again"),
    Command("rollout run", "comb_compiler.cli.rollout.run", "try a comb on more and more users, then on all"),
    Command("rollout status", "comb_compiler.cli.rollout.status", "say how far a rollout is, and on which figures"),
    Command("rollout abort", "comb_compiler.cli.rollout.abort", "take a candidate back and give its users back"),
    Command("retire", "comb_compiler.cli.retire", "take a comb out of an environment"),
    Command("history", "comb_compiler.cli.history", "list what was published of a comb"),
    Command("verify", "comb_compiler.cli.verify", "check that what is published is what was rendered and signed"),
    Command("evidence show", "comb_compiler.cli.evidence.show", "say what gates found, and who signed it"),
    Command("evidence sign", "comb_compiler.cli.evidence.sign", "sign what gates found, if it is about what is here"),
    Command("evidence verify", "comb_compiler.cli.evidence.verify", "say whether evidence counts for combs"),
    Command("status", "comb_compiler.cli.status", "say whether clusters run what was asked, or why not"),
    Command("lock", "comb_compiler.cli.lock", "pin every artifact by its digest in comb.lock"),
    Command("run", "comb_compiler.cli.run", "serve a comb on this machine, with its real operators and models"),
    Command("call", "comb_compiler.cli.call", "ask a comb or a service, and see what took how long"),
    Command("gate", "comb_compiler.cli.gate.command", "prove a change on samples, beside what is there now"),
    Command("ci", "comb_compiler.cli.ci.command", "say all about a change: what it touches, does, breaks and proves"),
    Command("ci comment", "comb_compiler.cli.ci.comment", "have a pull request say what `comb ci` found"),
    Command("ci merged", "comb_compiler.cli.ci.merged", "sign what gates proved, if that is what was merged"),
    Command("load", "comb_compiler.cli.load", "write the objects that load a comb from several pods"),
    Command("health", "comb_compiler.cli.health", "say how well the models of a comb or of a service are"),
    Command("samples list", "comb_compiler.cli.samples.listing", "list recorded requests, newest first"),
    Command("samples show", "comb_compiler.cli.samples.showing", "show one recorded request, node by node"),
    Command("samples stats", "comb_compiler.cli.samples.stats", "count and time recorded requests, and plot it"),
    Command("samples mark", "comb_compiler.cli.samples.marking", "say of a recorded request what should have come"),
    Command("samples add", "comb_compiler.cli.samples.adding", "put files or recorded requests into a sample set"),
    Command("samples diff", "comb_compiler.cli.samples.differing", "say what differs between two sample sets"),
    Command("samples export", "comb_compiler.cli.samples.exporting", "write recorded requests into files"),
    Command("samples import", "comb_compiler.cli.samples.importing", "read recorded requests from files"),
    Command("samples copy", "comb_compiler.cli.samples.copying", "copy recorded requests to another store"),
    Command("samples gc", "comb_compiler.cli.samples.deleting", "delete what is old, or what is a user's"),
    Command("samples repair", "comb_compiler.cli.samples.repairing", "find and mend what is wrong in a store"),
    Command("explain", "comb_compiler.cli.explain", "say what a diagnostic means, with an example"),
    Command("completion", "comb_compiler.cli.completion", "print what completes commands in bash, zsh or fish"),
    Command("schema", "comb_compiler.cli.schema", "print the JSON Schema of a file, for editors"),
    Command("demo", "comb_compiler.cli.demo", "walk the whole road on the built-in example"),
)

GROUPS: dict[str, str] = {
    "image": "build images from a comb's models and code, by digest",
    "platform": "write or publish what clusters are told once for all combs",
    "policy": "try, list and explain the rules that combs and their objects keep",
    "evidence": "look at what gates found and who signed it, and whether it counts",
    "rollout": "try a comb on more and more users, and take it back if need be",
    "ci": "say all about a change: what it touches, does, breaks and proves",
    "samples": "find, mark and keep recorded requests, and the sets that gates ask",
}
"""The first words of commands of two words, as `comb --help` shows them; one may be a command by itself too."""
