"""A real API server takes the objects of a load that pods share, its pods in a restricted namespace too."""

from comb_compiler.load import GRPC, Input, Job, Step, Target
from comb_compiler.load.kubernetes import Certificates, Shared, objects
from tests.cluster.api import Api
from tests.cluster.objects import Object

RESTRICTED: Object = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "restricted-load", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}


def test_every_object_of_a_shared_load_is_taken(api: Api) -> None:
    api.apply(RESTRICTED)
    job = Job(Target(GRPC, "ocr.ocr.svc", 50051, "/ocr.v1.Ocr/Read"), (Input(b"text"),))
    steps, secrets = (Step(10.0, 5.0),), Certificates("ocr-ca", "ocr.client")
    made = Shared("load-ocr", "restricted-load", "registry.example.com/load:1", "load-token", 3, job, steps, secrets)
    for one in objects(made):
        taken = api.apply(dict(one), dry=True)
        assert taken["metadata"]["name"] in ("load-ocr", "load-ocr-workers")
        if one["kind"] == "Job":
            template = one["spec"]["template"]
            about = {**template["metadata"], "name": "one", "namespace": "restricted-load"}
            pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": about}
            api.apply({**pod, "spec": template["spec"]}, dry=True)
