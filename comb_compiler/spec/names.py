"""Names, references and locations: strings with a form."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic_core import PydanticCustomError

from comb_compiler.spec.shapes import JsonSchema, Reader

__all__ = [
    "CombName",
    "Date",
    "Digest",
    "Endpoint",
    "EntryPoint",
    "FieldPath",
    "GitRef",
    "GitUrl",
    "HeaderName",
    "Hostname",
    "Identifier",
    "ImageReference",
    "Label",
    "LabelValue",
    "MethodName",
    "ModelReference",
    "ModelReferenceParts",
    "Name",
    "ProfileName",
    "PublicKey",
    "RelativePath",
    "RepositoryPrefix",
    "ResourceName",
    "SampleSource",
    "SeriesLabel",
    "StickyKey",
    "TensorName",
    "Text",
    "TypeName",
    "Uri",
    "Url",
    "Version",
]


class _Form(NamedTuple):
    """A pattern, and the words that the diagnostic uses for it."""

    kind: str
    pattern: str
    longest: int = 253


def _of(form: _Form) -> Reader:
    """The check of a form. Its pattern is compiled when it is first needed: most files need few of them.

    Combs repeat names, within one and from one to the next: what was found right lately is not looked at again.
    """

    @lru_cache(maxsize=_MOST_KEPT)
    def check(text: str) -> str:
        if len(text) > form.longest:
            raise PydanticCustomError("too_long_text", "too long", {"form": form.kind, "longest": form.longest})
        if re.fullmatch(form.pattern, text) is None:
            raise PydanticCustomError("form", "not of the form", {"form": form.kind, "value": text})
        return text

    return Reader(check, takes_text=True)


_MOST_KEPT = 512


def _schema(form: _Form, description: str, *examples: str) -> JsonSchema:
    return JsonSchema(
        {
            "type": "string",
            "pattern": f"^{form.pattern}$",
            "maxLength": form.longest,
            "description": description,
            "examples": list(examples),
        }
    )


_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PROFILE = _Form("profile", r"[A-Za-z0-9]([-+._A-Za-z0-9]*[A-Za-z0-9])?", 58)
_NAME = _Form("name", r"[a-z]([-a-z0-9]*[a-z0-9])?", 63)
_COMB = _Form("comb-name", r"[a-z]((-?[a-z0-9]){2,}|-[a-z0-9])?", 40)
"""`--` follows it in names of objects; at the third and fourth place of a DNS name that is for other scripts."""
_IDENTIFIER = _Form("identifier", r"[a-z][a-z0-9_]*", 63)
_VERSION = _Form("version", r"[A-Za-z0-9]([-+._A-Za-z0-9]*[A-Za-z0-9])?", 63)
_REFERENCE = _Form("model-reference", rf"{_NAME.pattern}@{_VERSION.pattern}", 128)
_DIGEST = _Form("digest", r"[0-9a-f]{64}", 64)
_TYPE = _Form("message-type", r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_METHOD = _Form("method", rf"{_TYPE.pattern}/[A-Za-z_][A-Za-z0-9_]*")
_PATH = _Form("path", r"(?!/)(?!.*//)[^\x00-\x1f\\:]+", 1024)
_URI = _Form("uri", r"([a-z][a-z0-9+.-]*://[^\x00-\x20]+|(?!/)(?!.*//)[^\x00-\x1f\\:]+)", 2048)
_ENTRY = _Form("entry-point", rf"{_TYPE.pattern}:{_TYPE.pattern}")
_IMAGE = _Form("image", r"[a-z0-9][-._a-z0-9]*(:[0-9]{1,5})?(/[a-z0-9][-._a-z0-9]*)+@sha256:[0-9a-f]{64}", 512)
_HEX = "[0-9A-Fa-f]{1,4}"
_SHORTENED = r"(?!:[^:])(?![^\]]*[^:]:\])(?![^\]]*(:::|::[^\]]+::))(?=[^\]]*::)"
_ADDRESS = rf"([-._A-Za-z0-9]+|\[(({_HEX}:){{7}}{_HEX}|{_SHORTENED}({_HEX})?(:({_HEX})?){{2,7}})\])"
"""A host's name, or an address of IPv4, or of IPv6 in full or shortened once."""
_PORT = r":(?!0+(?![0-9]))([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_AFTER_SCHEME = rf"(?=[^\x00-\x20])({_ADDRESS}({_PORT})?)?([/?#][^\x00-\x20@]*)?"
_URL = _Form("url", rf"[a-z][a-z0-9+.-]*://{_AFTER_SCHEME}", 2048)
_GIT_URL = _Form("url", rf"([a-z][a-z0-9+.-]*://|ssh://[A-Za-z0-9_][-A-Za-z0-9_.]*@){_AFTER_SCHEME}", 2048)
"""Whom ssh logs in as is no secret, and most forges have all log in as `git`."""
_ENDPOINT = _Form("endpoint", rf"grpcs?://{_ADDRESS}{_PORT}", 512)
_FIELD_PATH = _Form("field-path", r"[a-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_STICKY = _Form("sticky-key", r"(header/[A-Za-z0-9][-A-Za-z0-9]*|request(\.[A-Za-z_][A-Za-z0-9_]*)+)")
_HEADER = _Form("header", r"[A-Za-z0-9][-A-Za-z0-9]*", 128)
_HOST = _Form("hostname", rf"{_LABEL}(\.{_LABEL})*")
_SERIES = _Form("series-label", r"[A-Za-z_][A-Za-z0-9_]*", 128)
_SAMPLES = _Form("path", _PATH.pattern, 1024)
_GIT_REF = _Form("git-ref", r"(?![-/])(?!.*(\.\.|//|@\{|\.lock(/|$)))[^\x00-\x20~^:?*\[\\\x7f]+(?<![./])", 255)
_KEY = _Form(
    "key",
    r"((ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]+( [^\x00-\x1f]*)?"
    r"|-----BEGIN PGP PUBLIC KEY BLOCK-----\n[\n -~]*\n-----END PGP PUBLIC KEY BLOCK-----\n?)",
    32768,
)
_DOMAIN = rf"(?![^/]{{254}}){_LABEL}(\.{_LABEL})*/"
_PART = r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?"
"""What Kubernetes takes as a key: up to 63 characters, after a domain of up to 253."""
_RESOURCE = _Form("resource", rf"(?!requests\.|.*kubernetes\.io/)(?![^/]{{245}}){_DOMAIN}{_PART}", 308)
"""A quota writes `requests.` before it, and what is of `kubernetes.io` is Kubernetes' own."""
_REPOSITORY = _Form("repository", r"[a-z0-9][-._a-z0-9]*(:[0-9]+)?(/[a-z0-9][-._a-z0-9]*)*", 255)
_LABEL_KEY = _Form("label", rf"({_DOMAIN})?{_PART}", 317)
_LABEL_VALUE = _Form("label-value", r"([A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?)?", 63)
_TEXT = _Form("text", r"(?=\s*\S)[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+", 8192)
_DATE = _Form("date", r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", 10)
_TENSOR = _Form("text", _TEXT.pattern, 255)

Name = Annotated[str, _of(_NAME), _schema(_NAME, "A name: lower-case letters, digits and inner hyphens.")]
CombName = Annotated[
    str, _of(_COMB), _schema(_COMB, "The comb's name, at most 40 characters, not two: it begins longer ones.", "ocr")
]
Identifier = Annotated[
    str, _of(_IDENTIFIER), _schema(_IDENTIFIER, "A name of lower-case letters, digits and underscores.")
]
Version = Annotated[str, _of(_VERSION), _schema(_VERSION, "A version; quote it.", "1.4.0")]
Digest = Annotated[str, _of(_DIGEST), _schema(_DIGEST, "The SHA-256 of the bytes, 64 hexadecimal digits.")]
TypeName = Annotated[str, _of(_TYPE), _schema(_TYPE, "The full name of a Protobuf message.", "moderation.v1.Boxes")]
MethodName = Annotated[
    str, _of(_METHOD), _schema(_METHOD, "A method of the comb's .proto.", "moderation.v1.Moderation/Check")
]
RelativePath = Annotated[
    str, _of(_PATH), _schema(_PATH, "A path from this file's directory, inside the repository.", "protos/a.proto")
]
Uri = Annotated[
    str,
    _of(_URI),
    _schema(
        _URI,
        "Where the bytes are: a path beside this file, `python://package/file`, or a URI that fsspec opens.",
        "models/angle.onnx",
        "python://rapidocr_onnxruntime/models/cls.onnx",
        "s3://models/angle-1.4.0.onnx",
    ),
]
GitRef = Annotated[str, _of(_GIT_REF), _schema(_GIT_REF, "A branch.", "main")]
PublicKey = Annotated[
    str,
    _of(_KEY),
    _schema(
        _KEY,
        "An SSH public key, as in authorized_keys, or an armoured OpenPGP one.",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI release@acme",
    ),
]
ResourceName = Annotated[
    str, _of(_RESOURCE), _schema(_RESOURCE, "A resource that Kubernetes schedules.", "nvidia.com/gpu")
]
RepositoryPrefix = Annotated[
    str, _of(_REPOSITORY), _schema(_REPOSITORY, "A registry and a path below it.", "registry.acme.example/combs")
]
EntryPoint = Annotated[
    str, _of(_ENTRY), _schema(_ENTRY, "A Python class or function: package.module:Name", "operators.text:Detect")
]
ImageReference = Annotated[
    str, _of(_IMAGE), _schema(_IMAGE, "A container image, by its digest.", "registry.example/nsfw@sha256:" + "0" * 64)
]
Url = Annotated[str, _of(_URL), _schema(_URL, "A URL; credentials do not belong into it.", "grpc://triton:8001")]
GitUrl = Annotated[
    str,
    _of(_GIT_URL),
    _schema(
        _GIT_URL, "The URL of a repository, without a password.", "ssh://git@git.example.com/team/environments.git"
    ),
]
Endpoint = Annotated[
    str, _of(_ENDPOINT), _schema(_ENDPOINT, "A gRPC server; `grpcs` is with TLS.", "grpc://triton.models:8001")
]
TensorName = Annotated[str, _of(_TENSOR), _schema(_TENSOR, "The name of a tensor, as its model has it.", "input:0")]
FieldPath = Annotated[
    str, _of(_FIELD_PATH), _schema(_FIELD_PATH, "A field by Protobuf's names.", "request.frame.user_id")
]
StickyKey = Annotated[
    str, _of(_STICKY), _schema(_STICKY, "`header/<name>` or a field of the request.", "header/x-user-id")
]
SampleSource = Annotated[
    str,
    _of(_SAMPLES),
    _schema(_SAMPLES, "A directory of samples in the repository, or `recorded`.", "samples/standard", "recorded"),
]
ProfileName = Annotated[
    str, _of(_PROFILE), _schema(_PROFILE, "A profile of MIG, as NVIDIA's tools name it.", "1g.5gb", "1g.5gb+me")
]
HeaderName = Annotated[str, _of(_HEADER), _schema(_HEADER, "The name of a header.", "x-user-bucket")]
Hostname = Annotated[str, _of(_HOST), _schema(_HOST, "A host's full name.", "combs.example.com")]
SeriesLabel = Annotated[str, _of(_SERIES), _schema(_SERIES, "The name of a label of Prometheus.", "exported_pod")]
Label = Annotated[str, _of(_LABEL_KEY), _schema(_LABEL_KEY, "A label's key, as in Kubernetes.", "zone")]
LabelValue = Annotated[str, _of(_LABEL_VALUE), _schema(_LABEL_VALUE, "A label's value, as in Kubernetes.")]
Text = Annotated[str, _of(_TEXT), _schema(_TEXT, "Text that is not empty.")]


class ModelReferenceParts(NamedTuple):
    """`text-angle@1.4.0`, taken apart."""

    model: str
    version: str

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"


def _parse_date(check: Callable[[str], str]) -> Reader:
    def parse(text: str) -> date:
        check(text)
        try:
            return date.fromisoformat(text)
        except ValueError as error:  # a day that its month does not have
            raise PydanticCustomError("form", "not of the form", {"form": _DATE.kind, "value": text}) from error

    return Reader(parse, takes_text=True)


def _parse_reference(check: Callable[[str], str]) -> Reader:
    def parse(text: str) -> ModelReferenceParts:
        model, _, version = check(text).partition("@")
        return ModelReferenceParts(model, version)

    return Reader(parse, takes_text=True)


ModelReference = Annotated[
    ModelReferenceParts,
    _parse_reference(_of(_REFERENCE).read),
    _schema(_REFERENCE, "A version of a model of this file.", "text-angle@1.4.0"),
]
Date = Annotated[date, _parse_date(_of(_DATE).read), _schema(_DATE, "A day, by UTC: year, month, day.", "2027-01-31")]
