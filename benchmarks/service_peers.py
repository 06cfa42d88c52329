"""Ray Serve and BentoML with an operator that does nothing: run by service.py with a Python that has them.

PYTHON benchmarks/service_peers.py ray|bentoml PORT; it serves until its standard input ends.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def add_servicer(servicer: Any, server: Any) -> None:
    """What protoc's plugin would have generated."""
    import grpc
    from google.protobuf.wrappers_pb2 import StringValue

    method = grpc.unary_unary_rpc_method_handler(servicer.Run, StringValue.FromString, StringValue.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("benchmark.v1.Benchmark", {"Run": method}),))


def ray(port: int) -> None:
    """Its proxy listens on the port; with direct ingress the replica does, on the first port that its settings allow.

    The agents' ports are given: where they are not, Ray waits for them, and gives up on a machine that is busy.
    """
    import ray as runtime
    from ray import serve
    from ray.serve.config import gRPCOptions

    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--node-ip-address=127.0.0.1"]
    command += [f"--port={port + 2}", "--include-dashboard=false", "--num-cpus=4", "--disable-usage-stats"]
    agents = (
        "dashboard-agent-grpc-port",
        "dashboard-agent-listen-port",
        "runtime-env-agent-port",
        "metrics-export-port",
    )
    command += [f"--{name}={port + 3 + number}" for number, name in enumerate(agents)]
    cluster = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    _joined(runtime, f"127.0.0.1:{port + 2}")

    @serve.deployment(ray_actor_options={"num_cpus": 0}, max_ongoing_requests=100)
    class Same:
        async def Run(self, request: Any) -> Any:  # noqa: N802 - the method's name
            return request

    serve.start(
        http_options={"host": "127.0.0.1", "port": port + 1},
        grpc_options=gRPCOptions(port=port, grpc_servicer_functions=["service_peers.add_servicer"]),
    )
    serve.run(Same.bind(), route_prefix="/")
    print("ready", flush=True)
    sys.stdin.read()
    serve.shutdown()
    runtime.shutdown()
    cluster.terminate()
    cluster.wait()


def _joined(runtime: Any, address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            return runtime.init(address=address, _node_ip_address="127.0.0.1", log_to_driver=False)
        except Exception:  # many kinds, while it comes up
            if time.monotonic() > until:
                raise
            time.sleep(1)


def bento(port: int) -> None:
    """One worker, without access log: its own advice for speed."""
    command = [str(Path(sys.executable).with_name("bentoml")), "serve", "service_peers_bento:Same"]
    more = ["--host", "127.0.0.1", "--port", str(port), "--api-workers", "1"]
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "true"}
    server = subprocess.Popen([*command, *more], cwd=Path(__file__).parent, env=environment)
    print("ready", flush=True)
    sys.stdin.read()
    server.terminate()
    server.wait()


if __name__ == "__main__":
    {"ray": ray, "bentoml": bento}[sys.argv[1]](int(sys.argv[2]))
