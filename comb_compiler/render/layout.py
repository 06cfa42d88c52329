"""Where things are in a container: what images are built for, and what manifests mount and name."""

__all__ = [
    "ARTIFACTS",
    "CODE",
    "GRPC_PORT",
    "HTTP_PORT",
    "PLAN_DIRECTORY",
    "PLAN_FILE",
    "WEIGHTS_DIRECTORY",
    "WEIGHTS_FILE",
    "WORKSPACE",
]

CODE = "/comb/code"
"""Operators' code, in the image."""
ARTIFACTS = "/comb/artifacts"
"""Models' files by their digest, in the image."""
PLAN_DIRECTORY = "/etc/comb/plan"
PLAN_FILE = "plan.json"
WEIGHTS_DIRECTORY = "/etc/comb/weights"
WEIGHTS_FILE = "weights.json"
WORKSPACE = "/var/comb/workspace"
GRPC_PORT = 50051
HTTP_PORT = 8080
