"""Time enough for a machine that does other things as well."""

from comb_compiler.release import ExecutionPlan

__all__ = ["patient"]

_PATIENCE = 60.0


def patient(plan: ExecutionPlan) -> ExecutionPlan:
    """The plan with a minute for each step, and five for the whole: what is promised is promised of other machines."""
    bindings = tuple(one._replace(timeout=_PATIENCE) for one in plan.bindings)
    graphs = tuple(
        graph._replace(nodes=tuple(node._replace(timeout=None) for node in graph.nodes)) for graph in plan.graphs
    )
    return plan._replace(bindings=bindings, graphs=graphs, deadline=5 * _PATIENCE)
