"""The registry of everything Comb can say.

A code is stable: its number and name never change their meaning, and a retired number is not used again.
Each has a page, `pages/<ID>.md`: what it is, why it matters, an example, what to write instead.
The first digit names the stage: 0 files, 1 YAML, 2 the fields of one file, 3 the graph, 4 the platform.
"""

from enum import Enum
from typing import NamedTuple

__all__ = ["CODES", "Code", "Severity", "find_code"]


class Severity(Enum):
    """An error makes the command fail; a warning deserves a look; info is only said."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(NamedTuple):
    """One kind of finding: `COMB1004`, `duplicate-key`, and how grave it is unless said otherwise."""

    id: str
    name: str
    severity: Severity = Severity.ERROR


_W = Severity.WARNING

# Files and the workspace.
FILE_NOT_FOUND = Code("COMB0001", "file-not-found")
UNREADABLE_FILE = Code("COMB0002", "unreadable-file")
NOT_A_REGULAR_FILE = Code("COMB0003", "not-a-regular-file")
OUTSIDE_ROOT = Code("COMB0004", "outside-root")
NO_COMB_FOUND = Code("COMB0005", "no-comb-found")
FILE_TOO_LARGE = Code("COMB0006", "file-too-large")
NOT_UTF8 = Code("COMB0007", "not-utf8")
BINARY_FILE = Code("COMB0008", "binary-file")
EMPTY_FILE = Code("COMB0009", "empty-file")
DUPLICATE_COMB = Code("COMB0010", "duplicate-comb")
TOO_MANY_MISTAKES = Code("COMB0011", "too-many-mistakes")

# YAML.
SYNTAX_ERROR = Code("COMB1001", "yaml-syntax")
TAB_INDENTATION = Code("COMB1002", "tab-indentation")
UNCLOSED_BRACKET = Code("COMB1003", "unclosed-bracket")
DUPLICATE_KEY = Code("COMB1004", "duplicate-key")
UNCLOSED_QUOTE = Code("COMB1005", "unclosed-quote")
BAD_INDENTATION = Code("COMB1006", "bad-indentation")
TOO_DEEP = Code("COMB1007", "too-deep")
TOO_MANY_NODES = Code("COMB1008", "too-many-nodes")
ALIAS_BOMB = Code("COMB1009", "alias-bomb")
UNDEFINED_ALIAS = Code("COMB1010", "undefined-alias")
UNSUPPORTED_TAG = Code("COMB1011", "unsupported-tag")
COMPLEX_KEY = Code("COMB1012", "complex-key")
MERGE_KEY = Code("COMB1013", "merge-key")
AMBIGUOUS_SCALAR = Code("COMB1014", "ambiguous-scalar", _W)
UNICODE_LINE_BREAK = Code("COMB1015", "unicode-line-break")
CONTROL_CHARACTER = Code("COMB1016", "control-character")
SEVERAL_DOCUMENTS = Code("COMB1017", "several-documents")
UNSUPPORTED_YAML = Code("COMB1018", "unsupported-yaml")

# The fields of one file.
UNKNOWN_KEY = Code("COMB2001", "unknown-key")
MISSING_KEY = Code("COMB2002", "missing-key")
WRONG_TYPE = Code("COMB2003", "wrong-type")
EMPTY_VALUE = Code("COMB2004", "empty-value")
OUT_OF_RANGE = Code("COMB2005", "out-of-range")
UNKNOWN_CHOICE = Code("COMB2006", "unknown-choice")
BAD_NAME = Code("COMB2007", "bad-name")
TOO_LONG = Code("COMB2008", "too-long")
BAD_DURATION = Code("COMB2009", "bad-duration")
BAD_SIZE = Code("COMB2010", "bad-size")
BAD_PERCENTAGE = Code("COMB2011", "bad-percentage")
BAD_CORES = Code("COMB2012", "bad-cores")
BAD_PATH = Code("COMB2013", "bad-path")
BAD_DIGEST = Code("COMB2014", "bad-digest")
BAD_REFERENCE = Code("COMB2015", "bad-reference")
UNQUOTED_KEY = Code("COMB2016", "unquoted-key")
SPLIT_CALL = Code("COMB2017", "split-call")
UNKNOWN_KIND = Code("COMB2018", "unknown-kind")
UNKNOWN_API_VERSION = Code("COMB2019", "unknown-api-version")
NOT_A_MAPPING = Code("COMB2020", "not-a-mapping")
CONFLICTING_KEYS = Code("COMB2021", "conflicting-keys")
UNKNOWN_MODEL = Code("COMB2022", "unknown-model")
UNKNOWN_VERSION = Code("COMB2023", "unknown-version")
UNKNOWN_OPERATOR = Code("COMB2024", "unknown-operator")
ENVIRONMENT_CHANGES_SUBJECT = Code("COMB2025", "environment-changes-subject")
OVERLAY_NOT_ALLOWED = Code("COMB2026", "overlay-not-allowed")
NO_WEIGHT = Code("COMB2027", "no-weight")
NOT_RISING = Code("COMB2028", "not-rising")
CONTRADICTING_PROMISES = Code("COMB2029", "contradicting-promises")
MIN_ABOVE_MAX = Code("COMB2030", "min-above-max")
REPEATED_ITEM = Code("COMB2031", "repeated-item")
UNPINNED_ARTIFACT = Code("COMB2032", "unpinned-artifact")
STALE_LOCK = Code("COMB2033", "stale-lock")
BAD_LOCK = Code("COMB2034", "bad-lock")
DIGEST_MISMATCH = Code("COMB2035", "digest-mismatch")
UNREACHABLE_ARTIFACT = Code("COMB2036", "unreachable-artifact")
REFUSED_ARTIFACT = Code("COMB2037", "refused-artifact")
NOTHING_TO_REMOVE = Code("COMB2038", "nothing-to-remove")
RESERVED_NAME = Code("COMB2039", "reserved-name")
BAD_REQUIREMENT = Code("COMB2040", "bad-requirement")
BAD_QUERY = Code("COMB2041", "bad-query")

# The graph.
BAD_CALL = Code("COMB3001", "bad-call")
MISSING_RETURN = Code("COMB3002", "missing-return")
UNKNOWN_STEP = Code("COMB3003", "unknown-step")
CYCLIC_GRAPH = Code("COMB3004", "cyclic-graph")
UNUSED_OPERATOR = Code("COMB3005", "unused-operator", _W)
UNUSED_MODEL = Code("COMB3006", "unused-model", _W)
UNREACHABLE_STEP = Code("COMB3007", "unreachable-step", _W)

# Its interface and its types.
BAD_PROTO = Code("COMB3101", "bad-proto")
UNKNOWN_IMPORT = Code("COMB3102", "unknown-import")
PROTO_WARNING = Code("COMB3103", "proto-warning", _W)
UNKNOWN_METHOD = Code("COMB3104", "unknown-method")
UNKNOWN_TYPE = Code("COMB3105", "unknown-type")
UNSUPPORTED_METHOD = Code("COMB3106", "unsupported-method")
UNKNOWN_FIELD = Code("COMB3107", "unknown-field")
NOT_A_MESSAGE = Code("COMB3108", "not-a-message")

# Its ports.
UNKNOWN_PORT = Code("COMB3201", "unknown-port")
MISSING_PORT = Code("COMB3202", "missing-port")
REPEATED_PORT = Code("COMB3203", "repeated-port")
TYPE_MISMATCH = Code("COMB3204", "type-mismatch")
ABSENT_INPUT = Code("COMB3205", "absent-input")
ABSENT_ANSWER = Code("COMB3206", "absent-answer")
BAD_FALLBACK = Code("COMB3207", "bad-fallback")

# Its time.
DEADLINE_EXCEEDED = Code("COMB3301", "deadline-exceeded")
UNBOUNDED_STEP = Code("COMB3302", "unbounded-step", _W)
WAIT_EXCEEDS_TIMEOUT = Code("COMB3303", "wait-exceeds-timeout")

# Its conditions.
BAD_CONDITION = Code("COMB3401", "bad-condition")
CONSTANT_CONDITION = Code("COMB3402", "constant-condition", _W)
UNGUARDED_CONDITION = Code("COMB3403", "unguarded-condition")

# What the gates could never decide.
UNDECIDABLE_GATE = Code("COMB3501", "undecidable-gate")
BAD_COMPARISON = Code("COMB3502", "bad-comparison")
WEAKENED_EXAM = Code("COMB3503", "weakened-exam")
TOO_FEW_SAMPLES = Code("COMB3504", "too-few-samples", _W)

# What its clients and its last release rely on.
BREAKS_WIRE = Code("COMB3601", "breaks-wire")
BREAKS_JSON = Code("COMB3602", "breaks-json")
BREAKS_SOURCE = Code("COMB3603", "breaks-source", _W)
NOTHING_TO_COMPARE = Code("COMB3604", "nothing-to-compare", _W)
SHRUNK_WORKSPACE = Code("COMB3605", "shrunk-workspace")

# The operators' code (`comb check --code`).
BAD_OPERATOR_CODE = Code("COMB3701", "bad-operator-code")
CODE_MISMATCH = Code("COMB3702", "code-mismatch")

# Who gets what.
BAD_STICKY_KEY = Code("COMB3801", "bad-sticky-key")

# What is recorded.
BAD_RECORDED_PATH = Code("COMB3811", "bad-recorded-path")
BAD_PATTERN = Code("COMB3812", "bad-pattern")

# Models on servers of the Open Inference Protocol.
TENSOR_MISMATCH = Code("COMB3901", "tensor-mismatch")
BAD_SHAPE = Code("COMB3902", "bad-shape")

# The platform.
UNKNOWN_CLUSTER = Code("COMB4001", "unknown-cluster")
UNKNOWN_DEVICE = Code("COMB4002", "unknown-device")
UNKNOWN_ENVIRONMENT = Code("COMB4003", "unknown-environment")
UNKNOWN_PRIORITY = Code("COMB4004", "unknown-priority")
UNKNOWN_ZONE = Code("COMB4005", "unknown-zone")
BELOW_FLOOR = Code("COMB4006", "below-floor")
UNKNOWN_NAMESPACE = Code("COMB4007", "unknown-namespace")
UNWELCOME_TEAM = Code("COMB4008", "unwelcome-team")
OVERLAPPING_ENVIRONMENTS = Code("COMB4009", "overlapping-environments")

# Whether the platform can give what a comb asks for.
NO_COMMON_DEVICE = Code("COMB4101", "no-common-device")
INEXPRESSIBLE_SHARE = Code("COMB4102", "inexpressible-share")
NO_DEVICE_HERE = Code("COMB4103", "no-device-here")
UNMET_PLACE = Code("COMB4104", "unmet-place")
DOES_NOT_FIT = Code("COMB4105", "does-not-fit")
FRAGILE_FIT = Code("COMB4106", "fragile-fit", _W)
QUOTA_EXCEEDED = Code("COMB4107", "quota-exceeded")
QUOTA_BELOW_MAX = Code("COMB4108", "quota-below-max", _W)
NAME_CLASH = Code("COMB4109", "name-clash")
CONTRADICTING_AFFINITY = Code("COMB4110", "contradicting-affinity")
NO_ZONE = Code("COMB4111", "no-zone")
UNROUTABLE_ARM = Code("COMB4112", "unroutable-arm")
INDISTINCT_PLACE = Code("COMB4113", "indistinct-place")
OPEN_POOL = Code("COMB4114", "open-pool", _W)
NO_ROOM_FOR_CANDIDATE = Code("COMB4115", "no-room-for-candidate")
UNMET_PREFERENCE = Code("COMB4116", "unmet-preference", _W)
CONTRADICTING_PRIORITIES = Code("COMB4117", "contradicting-priorities", _W)
UNMEASURED_TARGET = Code("COMB4121", "unmeasured-target")
NOTHING_TO_SCALE_BY = Code("COMB4122", "nothing-to-scale-by", _W)
MEMORY_NEVER_FALLS = Code("COMB4123", "memory-never-falls", _W)
MEASURED_WITH_NEIGHBOURS = Code("COMB4124", "measured-with-neighbours", _W)

# What is rendered for it.
MISSING_IMAGE = Code("COMB4201", "missing-image")
FOREIGN_IMAGE = Code("COMB4202", "foreign-image")
UNUSED_IMAGE = Code("COMB4203", "unused-image", _W)
TOO_LARGE_OBJECT = Code("COMB4204", "too-large-object")
PATCH_CHANGES_IDENTITY = Code("COMB4301", "patch-changes-identity")
PATCH_WITHOUT_TARGET = Code("COMB4302", "patch-without-target", _W)

# What a release must have proven.
MISSING_EVIDENCE = Code("COMB4401", "missing-evidence")
VOID_EVIDENCE = Code("COMB4402", "void-evidence")
UNBUILT_RELEASE = Code("COMB4403", "unbuilt-release")

# Policies.
POLICY_VIOLATED = Code("COMB4501", "policy-violated")
POLICY_WARNING = Code("COMB4502", "policy-warning", _W)
BAD_POLICY = Code("COMB4503", "bad-policy")
UNSUPPORTED_POLICY = Code("COMB4504", "unsupported-policy")
DUPLICATE_POLICY = Code("COMB4505", "duplicate-policy")
COSTLY_POLICY = Code("COMB4506", "costly-policy")
CONTRADICTING_FIXTURE = Code("COMB4507", "contradicting-fixture")
UNTESTED_POLICY = Code("COMB4508", "untested-policy")
MISSING_PARAMS = Code("COMB4509", "missing-params")
UNKNOWN_CLAIMS = Code("COMB4510", "unknown-claims", _W)
STRAY_ENVIRONMENT = Code("COMB4511", "stray-environment", _W)

# What a change does to what is there.
FORBIDDEN_CHANGE = Code("COMB4601", "forbidden-change")
UNKNOWN_EARLIER_STATE = Code("COMB4602", "unknown-earlier-state")

# Where samples are kept.
CLEARTEXT_CREDENTIALS = Code("COMB4701", "cleartext-credentials", _W)

# Repositories that are made from templates.
FILE_IN_THE_WAY = Code("COMB4801", "file-in-the-way")
BAD_TEMPLATE_RECORD = Code("COMB4802", "bad-template-record")
LOST_TEMPLATE = Code("COMB4803", "lost-template")
TEMPLATE_CONFLICT = Code("COMB4804", "template-conflict")
REFUSED_ANSWER = Code("COMB4805", "refused-answer")
UNTOLD_BY_CLUSTER = Code("COMB4811", "untold-by-cluster", _W)

CODES: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))


def find_code(text: str) -> Code | None:
    """The code of that id or name, in any case, or None: `COMB1004`, `1004`, `error[COMB1004]`, `Duplicate Key`."""
    wanted = _letters(text)
    wanted = wanted.removeprefix("error").removeprefix("warning")  # as a finding begins
    return next((code for code in CODES if wanted in (code.id.lower(), code.id[4:], _letters(code.name))), None)


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
