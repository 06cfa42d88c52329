"""Steps that wait for one whose answer they do not need: what they take of it was there before."""

from comb_compiler.gates.load.guide.model import Advice, Gain, Kind, OperatorSeen, Scene, Write
from comb_compiler.gates.load.guide.paths import longest, on_path, taken
from comb_compiler.gates.load.guide.queue import SAME
from comb_compiler.gates.load.guide.wording import milliseconds
from comb_compiler.release import REQUEST, Graph, Node

__all__ = ["serial_for_nothing"]

_NOTABLE = 0.1
_LAW = "the longest path of what steps take on average (Kelley and Walker), each of which may differ by a fifth"


def serial_for_nothing(scene: Scene) -> Advice | None:
    """The port by which a step waits, of which every value that was seen is one that was there earlier."""
    took = taken(scene.run)
    now, _ = longest(scene.graph, took)
    for one in on_path(scene):
        node = next((node for node in scene.graph.nodes if node.name == one.step), None)
        ports = [] if node is None else [port.port for port in node.inputs if (one.step, port.port) in scene.passed]
        if node is None or not ports:
            continue
        graph = _without(scene, node, ports)
        spared = now - longest(graph, took)[0]
        if spared < _NOTABLE * now:
            continue
        return _advice(scene, one, ports, graph, spared)
    return None


def _advice(scene: Scene, one: OperatorSeen, ports: list[str], graph: Graph, spared: float) -> Advice:
    took = taken(scene.run)
    slower = {name: value * (1 + SAME) for name, value in took.items()}
    least = longest(scene.graph, took)[0] - longest(graph, slower)[0]
    most = spared * (1 + SAME) + SAME * longest(graph, took)[0]
    sources = {port: scene.passed[one.step, port] for port in ports}
    told = ", ".join(f"`{port}` is always `{source}`" for port, source in sources.items())
    says = (
        f"`{one.step}` waits for a step whose answer it only passes on: {told}; side by side they would take "
        f"{milliseconds(longest(graph, took)[0])} instead of {milliseconds(longest(scene.graph, took)[0])}"
    )
    writes = tuple(Write(("graph", one.step, "in", port), source) for port, source in sources.items())
    gain = Gain(Kind.LATENCY, scene.run.latency, max(0.0, least), most, _LAW)
    return Advice("serial-for-nothing", one.operator, one.step, says, writes, gain)


def _without(scene: Scene, node: Node, ports: list[str]) -> Graph:
    """The graph in which those ports are given what was there before."""
    numbers = {one.name: number for number, one in enumerate(scene.graph.nodes)}
    earlier = {numbers.get(scene.passed[node.name, port].split(".")[0], REQUEST) for port in ports}
    kept = {one.source for one in node.inputs if one.port not in ports}
    conditions = set(node.when.variables.values()) if node.when is not None else set()
    after = tuple(sorted(one for one in kept | earlier | conditions if one != REQUEST))
    nodes = tuple(one._replace(after=after) if one is node else one for one in scene.graph.nodes)
    return scene.graph._replace(nodes=nodes)
