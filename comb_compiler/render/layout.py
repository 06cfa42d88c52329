"""Where things are in a container: what images are built for, and what manifests mount and name."""

__all__ = [
    "ARTIFACTS",
    "CODE",
    "CREDENTIALS_DIRECTORY",
    "FETCHED",
    "GRPC_PORT",
    "HTTP_PORT",
    "MODELS",
    "PLAN_DIRECTORY",
    "PLAN_FILE",
    "REGISTRY_DIRECTORY",
    "SPOOL",
    "STORE_DIRECTORY",
    "STORE_FILE",
    "WEIGHTS_DIRECTORY",
    "WEIGHTS_FILE",
    "WORKSPACE",
]

CODE = "/comb/code"
"""Operators' code, in the image."""
ARTIFACTS = "/comb/artifacts"
"""Models' files by their digest, in the image."""
FETCHED = "/comb/fetched"
"""Models' files that a pod fetches when it starts; the image has links to them among the others."""
MODELS = "models"
"""Their repository, in the registry that images are pushed to."""
PLAN_DIRECTORY = "/etc/comb/plan"
PLAN_FILE = "plan.json"
REGISTRY_DIRECTORY = "/etc/comb/registry"
"""Docker's configuration, for what fetches models."""
WEIGHTS_DIRECTORY = "/etc/comb/weights"
WEIGHTS_FILE = "weights.json"
STORE_DIRECTORY = "/etc/comb/store"
STORE_FILE = "store.json"
CREDENTIALS_DIRECTORY = "/etc/comb/store-credentials"
"""A Secret's keys as files: `username` and `password`, or `api-key`; `ca.crt`."""
SPOOL = "/var/comb/spool"
"""Where records wait for the store."""
WORKSPACE = "/var/comb/workspace"
GRPC_PORT = 50051
HTTP_PORT = 8080
