"""What moves the number of replicas: a HorizontalPodAutoscaler or KEDA's ScaledObject, and what they measure by."""

from comb_compiler.render.scaling.adapter import adapter_rules
from comb_compiler.render.scaling.hpa import autoscalers
from comb_compiler.render.scaling.keda import scaled_objects
from comb_compiler.render.scaling.recording import recording_rules

__all__ = ["adapter_rules", "autoscalers", "recording_rules", "scaled_objects"]
