# The eleven ValidatingAdmissionPolicies of policies/, for conftest: benchmarks/compile_pipeline.py asks both about the
# same objects and compares what each says.
package main

import rego.v1

workloads := {
	"v1": {"Pod"},
	"apps/v1": {"Deployment", "StatefulSet", "DaemonSet"},
	"batch/v1": {"Job"},
}

owned := {
	"v1": {"Service", "ServiceAccount"},
	"apps/v1": {"Deployment", "StatefulSet", "DaemonSet"},
	"networking.k8s.io/v1": {"NetworkPolicy"},
	"policy/v1": {"PodDisruptionBudget"},
}

is_workload if input.kind in workloads[input.apiVersion]

pod := input.spec if input.kind == "Pod"

else := input.spec.template.spec

containers := array.concat(pod.containers, object.get(pod, "initContainers", []))

labels := object.get(input.metadata, "labels", {})

says(policy, message) := sprintf("%s.comb.dev: %s", [policy, message])

names(listed) := concat(", ", listed)

# drainable

is_budget if {
	input.apiVersion == "policy/v1"
	input.kind == "PodDisruptionBudget"
}

deny contains says("drainable", "with no pod that may go, no node with one of them can ever be drained") if {
	is_budget
	sprintf("%v", [input.spec.maxUnavailable]) in {"0", "0%"}
}

deny contains says("drainable", "where all pods have to stay, no node with one of them can ever be drained") if {
	is_budget
	sprintf("%v", [input.spec.minAvailable]) == "100%"
}

# egress-closed

is_network_policy if {
	input.apiVersion == "networking.k8s.io/v1"
	input.kind == "NetworkPolicy"
}

egress := object.get(input, ["spec", "egress"], [])

policy_types := object.get(input, ["spec", "policyTypes"], [])

closes_egress if "Egress" in policy_types

closes_egress if {
	count(policy_types) == 0
	count(egress) > 0
}

goes_anywhere(rule) if count(object.get(rule, "to", [])) == 0

goes_anywhere(rule) if {
	some peer in rule.to
	peer.ipBlock.cidr in {"0.0.0.0/0", "::/0"}
}

asks_names_alone(rule) if {
	count(rule.ports) > 0
	every one in rule.ports {
		sprintf("%v", [one.port]) == "53"
	}
}

deny contains says("egress-closed", "the policy leaves open where its pods may call") if {
	is_network_policy
	not closes_egress
}

deny contains says("egress-closed", "a rule lets pods call everywhere, and not for names alone") if {
	is_network_policy
	some rule in egress
	goes_anywhere(rule)
	not asks_names_alone(rule)
}

# gpu-shares

limits := [object.get(one, ["resources", "limits"], {}) | some one in pod.containers]

amount(value) := units.parse(sprintf("%v", [value]))

most_gpus := amount(object.get(data.params, "gpusPerContainer", "8"))

deny contains says("gpu-shares", "a container asks for more GPUs than a node has") if {
	is_workload
	some one in limits
	amount(one["nvidia.com/gpu"]) > most_gpus
}

is_share(limit) if {
	"nvidia.com/gpu" in object.keys(limit)
	amount(limit["nvidia.com/gpucores"]) <= 100
}

deny contains says("gpu-shares", "a share of a GPU's cores is more than all, or of no GPU") if {
	is_workload
	some one in limits
	"nvidia.com/gpucores" in object.keys(one)
	not is_share(one)
}

deny contains says("gpu-shares", "memory of a GPU, and no GPU") if {
	is_workload
	some one in limits
	"nvidia.com/gpumem" in object.keys(one)
	not "nvidia.com/gpu" in object.keys(one)
}

# images-by-digest

registries := split(data.params.registries, " ")

is_pinned(image) if {
	parts := split(image, "@")
	count(parts) == 2
	startswith(parts[1], "sha256:")
	count(parts[1]) == 71
}

is_of_platform(image) if {
	some registry in registries
	startswith(image, concat("", [registry, "/"]))
}

deny contains says("images-by-digest", sprintf("images by digest alone: %s", [names(unpinned)])) if {
	is_workload
	unpinned := [one.name | some one in containers; not is_pinned(one.image)]
	count(unpinned) > 0
}

deny contains says("images-by-digest", sprintf("an image from no registry of the platform: %s", [names(foreign)])) if {
	is_workload
	foreign := [one.name | some one in containers; not is_of_platform(one.image)]
	count(foreign) > 0
}

# limits

limits_memory(container) if "memory" in object.keys(container.resources.limits)

asks_cpu(container) if "cpu" in object.keys(container.resources.requests)

asks_cpu(container) if "cpu" in object.keys(container.resources.limits)

deny contains says("limits", sprintf("without a limit of memory: %s", [names(unlimited)])) if {
	is_workload
	unlimited := [one.name | some one in containers; not limits_memory(one)]
	count(unlimited) > 0
}

deny contains says("limits", sprintf("without a request of cpu: %s", [names(unasked)])) if {
	is_workload
	unasked := [one.name | some one in containers; not asks_cpu(one)]
	count(unasked) > 0
}

# no-host

deny contains says("no-host", "the pod has the node's network") if {
	is_workload
	pod.hostNetwork != false
}

deny contains says("no-host", "the pod sees the node's processes") if {
	is_workload
	some key in ["hostPID", "hostIPC"]
	pod[key] != false
}

deny contains says("no-host", "the pod mounts a path of the node") if {
	is_workload
	some volume in pod.volumes
	"hostPath" in object.keys(volume)
}

deny contains says("no-host", "a container takes a port of the node") if {
	is_workload
	some one in containers
	some port in one.ports
	port.hostPort != 0
}

# no-privilege

drops_all(container) if {
	"ALL" in container.securityContext.capabilities.drop
	count(object.get(container.securityContext.capabilities, "add", [])) == 0
}

is_nobody(one) if one.securityContext.runAsNonRoot == true

is_profiled(one) if one.securityContext.seccompProfile.type in {"RuntimeDefault", "Localhost"}

deny contains says("no-privilege", "a container is privileged") if {
	is_workload
	some one in containers
	one.securityContext.privileged != false
}

deny contains says("no-privilege", "a container may get more privileges than it begins with") if {
	is_workload
	some one in containers
	not one.securityContext.allowPrivilegeEscalation == false
}

deny contains says("no-privilege", "a container keeps capabilities of root") if {
	is_workload
	some one in containers
	not drops_all(one)
}

deny contains says("no-privilege", "a container may run as root") if {
	is_workload
	not is_nobody(pod)
	some one in containers
	not is_nobody(one)
}

deny contains says("no-privilege", "a container has no seccomp profile") if {
	is_workload
	not is_profiled(pod)
	some one in containers
	not is_profiled(one)
}

deny contains says("no-privilege", "a container may write to its root file system") if {
	is_workload
	some one in containers
	not one.securityContext.readOnlyRootFilesystem == true
}

# owner-labels

is_owned if {
	input.kind in owned[input.apiVersion]
	not is_default_account
}

is_default_account if {
	input.kind == "ServiceAccount"
	input.metadata.name == "default"
}

teams := split(object.get(data.params, sprintf("teams.%s", [input.metadata.namespace]), ""), " ")

names_team if "" in teams

names_team if labels["comb.dev/team"] in teams

deny contains says("owner-labels", "no label says which comb it is of (app.kubernetes.io/name)") if {
	is_owned
	not "app.kubernetes.io/name" in object.keys(labels)
}

deny contains says("owner-labels", message) if {
	is_owned
	not names_team
	message := sprintf("the label comb.dev/team names none of the teams of this namespace: %s", [names(teams)])
}

# priorities

priority := object.get(pod, "priorityClassName", "")

priorities := object.get(data.params, "priorities", "")

of_team := object.get(data.params, sprintf("priorities.%s", [object.get(labels, "comb.dev/team", "")]), priorities)

shown(name) := "none" if name == ""

else := name

deny contains says("priorities", sprintf("a priority that the team may not have: %s", [shown(priority)])) if {
	is_workload
	not priority in split(of_team, " ")
}

# probes

serves if {
	input.apiVersion == "apps/v1"
	input.kind in {"Deployment", "StatefulSet"}
}

deny contains says("probes", sprintf("no %s probe: %s", [word, names(without)])) if {
	serves
	some word in ["readiness", "liveness"]
	key := sprintf("%sProbe", [word])
	without := [one.name | some one in pod.containers; not key in object.keys(one)]
	count(without) > 0
}

# service-account-tokens

deny contains says("service-account-tokens", "the pod gets a token for the API server") if {
	is_workload
	not pod.automountServiceAccountToken == false
}

deny contains says("service-account-tokens", "the pod has the account that all pods of the namespace share") if {
	is_workload
	object.get(pod, "serviceAccountName", "") in {"", "default"}
}
