"""What every kind of object is made from: a comb's plan for one cluster, and what it was planned from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.plan import ClusterPlan, Group, Plan, Replicas, Workload, object_name, process_name
from comb_compiler.release import ExecutionPlan
from comb_compiler.release.images import Images
from comb_compiler.release.release import Emergency
from comb_compiler.render.manifest import Cause, caused
from comb_compiler.render.whose import who_says
from comb_compiler.spec import Comb
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import Cluster, NodePool
from comb_compiler.spec.platform.devices import SharingBackEnd

__all__ = ["Rendering", "selects"]


class Rendering(NamedTuple):
    """A comb, as its environment makes it, for one cluster. Everything that a manifest depends on is in here.

    `execution` is parted: it has a process for each group of the plan; `plan_file` is its file. `run` names what the
    pods run: the execution plan and the images, and nothing else. `track` is empty for the stable release; another's
    objects have it behind their names, and labels of their own, so that no selector of one finds the other's pods.
    `kept` are the numbers of replicas, by workload, that an autoscaler is only about to take over. An `emergency` lets
    it past the gates, and is told to whoever hears of the release. `source` is the repository that it is published
    from, which release.json alone says. `code` is the digest of the operators' code, by which records know what they
    are of.
    """

    comb: Comb
    platform: Platform
    plan: Plan
    here: ClusterPlan
    execution: ExecutionPlan
    plan_file: bytes
    images: Images
    run: str
    track: str = ""
    kept: Mapping[str, int] = {}
    emergency: Emergency | None = None
    source: str = ""
    code: str = ""

    @property
    def name(self) -> str:
        """The comb's name, as its objects have it in this track."""
        return self.tracked(self.comb.metadata.name)

    @property
    def namespace(self) -> str:
        """The namespace of its objects."""
        return self.here.namespace

    @property
    def cluster(self) -> Cluster:
        """The cluster, as platform.yaml has it."""
        return self.platform.clusters[self.here.cluster]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that have a process, the entry first."""
        return tuple(group for group in self.plan.groups if group.is_entry or group.operators)

    def workloads(self, group: Group) -> tuple[Workload, ...]:
        """The workloads of a group: one for each class of device, the best first."""
        return tuple(one for one in self.here.workloads if one.group == group)

    def process(self, group: Group) -> str:
        """The name of a group's process in the execution plan, which is the same in every track."""
        return process_name(self.comb.metadata.name, group)

    def service(self, group: Group) -> str:
        """The name of the Service that a group's process is reached by."""
        return self.tracked(self.process(group))

    def tracked(self, name: str) -> str:
        """What is called `name` in the stable release, in this track."""
        return object_name(name, self.track) if self.track else name

    def pools(self, workload: Workload) -> Mapping[str, NodePool]:
        """The pools that a workload may run in."""
        return {name: self.cluster.node_pools[name] for name in workload.pools}

    def bounds(self, workload: Workload) -> Replicas:
        """Between which numbers an autoscaler moves a workload.

        It must write one that is not what the Deployment still says: so it comes to own the field, and whoever applies
        the Deployment may then leave it out.
        """
        least, most = workload.replicas
        if workload.name in self.kept:
            least = max(least, self.kept[workload.name] + 1)
        return Replicas(least, max(least, most))

    def back_end(self, workload: Workload) -> SharingBackEnd | None:
        """What shares the devices of a workload; None where it has none."""
        if workload.amounts.slice is None:
            return None
        return next(iter(self.pools(workload).values())).sharing.back_end

    def cause_of_cluster(self, *path: str | int) -> Cause:
        """What platform.yaml says of the cluster."""
        return Cause.platform("clusters", self.here.cluster, *path)

    def cause_of_group(self, group: Group, *path: str, value: Any = None) -> Cause:
        """What a group says at a path of its operators: the first that says it, and says `value` if any does.

        Where none does, the first operator stands for the group; for an entry without any, the graph.
        """
        if len(group.operators) < 2:
            return Cause.comb("operators", *group.operators, *path) if group.operators else Cause.comb("graph")
        return Cause.comb("operators", who_says(self.operators(group), path, value), *path)

    def operators(self, group: Group) -> Mapping[str, Operator]:
        """A group's operators."""
        return {name: self.comb.operators[name] for name in group.operators}

    def metadata(self, name: str, **more: Any) -> dict[str, Any]:
        """The metadata of an object of the comb."""
        cause = Cause.platform("environments", self.plan.environment, "namespace")
        return {"name": name, "namespace": caused(self.namespace, cause), "labels": self.labels(), **more}

    def labels(self) -> dict[str, Any]:
        """What all objects of the comb are known by."""
        metadata = self.comb.metadata
        own = {name: caused(value, Cause.comb("metadata", "labels", name)) for name, value in metadata.labels.items()}
        team = {"comb.dev/team": caused(metadata.team, Cause.comb("metadata", "team"))} if metadata.team else {}
        track = {"app.kubernetes.io/part-of": metadata.name, "comb.dev/track": self.track} if self.track else {}
        return {
            **own,
            "app.kubernetes.io/name": self.name,
            "app.kubernetes.io/managed-by": "comb",
            **team,
            **track,
        }

    def pod_labels(self, workload: Workload) -> dict[str, Any]:
        """What the pods of a workload are known by."""
        return {**self.labels(), **self.selects_process(workload.group), **selects(workload)}

    def selects_comb(self) -> dict[str, str]:
        """What selects all pods of the comb."""
        return {"app.kubernetes.io/name": self.name}

    def selects_process(self, group: Group) -> dict[str, str]:
        """What selects all pods of a group, whatever their class of device."""
        return {"comb.dev/process": self.service(group)}

    def object_name(self, *parts: str) -> str:
        """The name of an object that belongs to the comb as a whole."""
        return self.tracked(object_name(self.comb.metadata.name, *parts))


def selects(workload: Workload) -> dict[str, str]:
    """What selects the pods of one workload, and never changes: Kubernetes forbids it."""
    return {"app.kubernetes.io/instance": workload.name}
